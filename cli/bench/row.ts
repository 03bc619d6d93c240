import { settingsDocument } from '../../common/settings/index.js';
import { ssim } from '../../common/image/index.js';
import { decodePng, imagePsnrDb } from '../../common/image/index.js';
import { idealSpeedup } from '../../planner/simulator/index.js';
import { workersWanted } from './config.js';
import { classifyHosts } from './hosts.js';
import { type RoundParts, roundParts } from './round-parts.js';
import type { MeasuredConfig } from './run-bench.js';
import { allEqual, dilationOf, type Sample, sameOutput, undilatedSeconds } from './sample.js';
import { median } from '../../common/statistics/index.js';
import { pairedRatios, summarize } from './statistics.js';
import type { BenchWorker } from './bench-worker.js';

/** What a benchmark tells of one configuration; the keys of the JSON document. */
export type BenchRow = Awaited<ReturnType<typeof benchRow>>;

/** Smallest side that SSIM's window fits. */
const MIN_SSIM_PIXELS = 11;

/** A row from what was measured. Times of declared devices are divided by their dilation. */
export async function benchRow(measured: MeasuredConfig, workers: readonly BenchWorker[]) {
  const { config, samples, sequential } = measured;
  const first = samples[0] as Sample;
  const { report } = first;
  const { settings } = report;
  const { warmUp, end, stride } = settings;
  const dilation = dilationOf(report);
  const names = new Set(report.workers.map(({ name }) => name));
  const used = workers.filter(({ name }) => names.has(name));
  const perMs = (pick: (sample: Sample) => number): number => median(samples.map(pick)) / dilation;
  const seconds = samples.map(undilatedSeconds);
  const sequentialSeconds = sequential.map(undilatedSeconds);
  const { median: secondsMedian, ...secondsSpread } = summarize(seconds);
  const { median: speedup, ...speedupSpread } = summarize(pairedRatios(sequentialSeconds, seconds));
  const { median: sequentialMedian, ...sequentialSpread } = summarize(sequentialSeconds);
  const maxShare = median(samples.map((sample) => sample.report.maxShare));
  const ideal = idealSpeedup({
    numInferenceSteps: report.steps,
    // Steps in order cost the same at either end.
    warmUp: warmUp + end,
    stride,
    stepShare: settings.guidanceSplit === 'on' ? 1 / 2 : 1,
    // The report's share is per step, the bound's per round.
    maxShare: maxShare * stride,
  });
  const parts = measured.traced === undefined ? undefined : roundParts(measured.traced.trace);
  const all = [...measured.untimed, ...samples];
  return {
    config: config.name,
    ...settingsDocument(settings),
    workers: report.workers.length,
    workers_wanted: workersWanted(config),
    hosts: classifyHosts(used).hosts,
    device: [...new Set(report.workers.map(({ device }) => device))].join(', '),
    declared: report.declared,
    time_dilation: dilation,
    repeats: samples.length,
    seconds: secondsMedian,
    seconds_spread: secondsSpread,
    sequential_seconds: sequentialMedian,
    sequential_seconds_spread: sequentialSpread,
    speedup,
    speedup_spread: speedupSpread,
    ideal_speedup: ideal,
    efficiency: speedup / ideal,
    max_share: maxShare,
    rounds: report.rounds,
    period_ms: perMs((sample) => sample.report.periodMs),
    predicted_period_ms: perMs((sample) => sample.report.predictedPeriodMs),
    simulated_seconds: perMs((sample) => sample.report.simulatedSeconds),
    total_seconds: perMs((sample) => sample.report.totalSeconds),
    bytes_between_workers: median(samples.map((sample) => sample.report.bytesBetweenWorkers)),
    broadcast_bytes_per_round: report.broadcastBytesPerRound,
    coordinator_cpu_ms: median(samples.map((sample) => sample.report.coordinatorCpuMs)),
    bytes_per_round: parts === undefined ? null : parts.transferBytes,
    round_parts_ms: partsOf(parts, dilation),
    equal_across_repeats: allEqual(all),
    compared_runs: all.length,
    ...(await quality(sequential[0] as Sample, first)),
    plan_id: report.planId,
    same_plan: all.every((sample) => sample.report.planId === report.planId),
    cuts: report.cuts,
    workers_used: report.workers.map((worker) => ({
      name: worker.name,
      device: worker.device,
      threads: used.find(({ name }) => name === worker.name)?.threads ?? 0,
      components: worker.components,
      compute_ms: worker.computeMs / dilation,
      wait_ms: worker.waitMs / dilation,
      sent_bytes: worker.sentBytes,
    })),
  };
}

function partsOf(parts: RoundParts | undefined, dilation: number) {
  if (parts === undefined) return null;
  const ms = (value: number): number => value / dilation;
  return {
    compute: ms(parts.computeMs),
    wait: ms(parts.waitMs),
    other: ms(parts.otherMs),
    sampler: ms(parts.samplerMs),
    serialize: ms(parts.serializeMs),
    transfer_each: ms(parts.transferMs),
    transfers: parts.transfers,
  };
}

/** How far the first picture is from the sequential one. */
async function quality(sequential: Sample, sample: Sample) {
  const [a, b] = [sequential.images[0], sample.images[0]];
  const equals = sample.report.declared ? null : sameOutput(sequential, sample);
  if (a === undefined || b === undefined) return { psnr_db: null, ssim: null, equals_sequential: equals };
  const [one, other] = [await decodePng(a), await decodePng(b)];
  const psnrDb = imagePsnrDb(one, other);
  const { width, height } = one;
  return {
    // Infinite where the pictures are equal, which JSON cannot say.
    psnr_db: Number.isFinite(psnrDb) ? psnrDb : null,
    ssim:
      Math.min(width, height) < MIN_SSIM_PIXELS
        ? null
        : ssim(one.data, other.data, { width, height, channels: 3, peak: 255 }),
    equals_sequential: equals,
  };
}
