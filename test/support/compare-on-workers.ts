import { planWorkers } from '../../cli/reference-run.js';
import { replayPlan, type RunReport } from '../../client/index.js';
import { LocalCluster } from '../../client/local/index.js';
import { batchRepeatOf } from '../../common/guidance/index.js';
import { type PlanOptions, resolvePlanSettings } from '../../common/settings/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { type CompleteJob, Pipeline, type PipelineCall } from '../../coordinator/pipeline/index.js';
import {
  denoiseCallerSamples,
  denoiseSteadily,
  jobSchedule,
  ReferenceExecutor,
  releaseSegments,
} from '../../execution/index.js';
import { openSegments, planInProcess } from '../../planner/index.js';
import type { RecordedPipeline } from './recorded-pipeline.js';

/** How a recording is run on two workers. */
export const VARIANTS = {
  /** As a user would who sets nothing but the warm-up: steps that drift are made in order. */
  usual: { components: 2, stride: 1, warmUp: 3 },
  /** Hardly a step in order: latents are predicted, tensors stale, whatever that does to the picture. */
  stale: { components: 2, stride: 1, warmUp: 1, end: 0, tolerance: 'off' },
} as const satisfies Readonly<Record<string, PlanOptions>>;

export type Variant = keyof typeof VARIANTS;

/** A call of a pipeline: a recorded one, or one that a test makes. */
export interface CallToCompare extends Pick<RecordedPipeline, 'name' | 'model' | 'call'> {
  readonly json: Pick<RecordedPipeline['json'], 'steps' | 'seed_of_generator'>;
}

/** One recorded call on two workers, against the reference executor. */
export interface ComparedRun {
  readonly pipeline: string;
  readonly variant: Variant;
  readonly steps: number;
  /** Steps that ran in order; the others read stale tensors or predicted latents. */
  readonly inOrderSteps: number;
  readonly bytesBetweenWorkers: number;
  /** Bit for bit: the latents, and that every one is finite. */
  readonly isEqual: boolean;
  /** The same of the run again from its own report. */
  readonly isRepeated: boolean;
  readonly isFinite: boolean;
  readonly seconds: number;
}

/**
 * Runs a recorded call on two worker processes of one thread each, with the recorded arguments and noise of its seed, and again in this process by the
 * reference executor with the run's own cuts and steps in order.
 */
export async function compareOnWorkers(
  recorded: CallToCompare,
  variants: readonly Variant[],
  cacheDir: string,
): Promise<ComparedRun[]> {
  const call = { ...(await recorded.call()), seed: recorded.json.seed_of_generator };
  const runs: ComparedRun[] = [];
  const pipeline = await Pipeline.open(recorded.model, { threads: 1 });
  const cluster = await LocalCluster.start({ modelDir: recorded.model, workers: 2, threads: 1, cacheDir });
  try {
    for (const variant of variants) {
      const startMs = performance.now();
      const options = VARIANTS[variant];
      const plan = { ...options, warmUp: Math.min(options.warmUp, recorded.json.steps) };
      const { latents, report } = await cluster.client.generate({ ...call, plan }).result();
      const reference = await referenceLatents(pipeline, call, report, cacheDir);
      const repeated = await cluster.client
        .generate({ ...call, plan: replayPlan(report), replay: report })
        .result();
      runs.push({
        pipeline: recorded.name,
        variant,
        steps: report.steps,
        inOrderSteps: report.inOrderSteps.length,
        bytesBetweenWorkers: report.bytesBetweenWorkers,
        isEqual: bytes(latents).equals(bytes(reference)),
        isRepeated: bytes(latents).equals(bytes(repeated.latents)),
        isFinite: (latents.data as Float32Array).every(Number.isFinite),
        seconds: (performance.now() - startMs) / 1000,
      });
    }
  } finally {
    await cluster.close();
    await pipeline.close();
  }
  return runs;
}

function bytes({ data }: Tensor): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** The latents of a call in this process, task after task, predictor after predictor, each by a plan of its own with the same cuts. */
async function referenceLatents(
  pipeline: Pipeline,
  call: PipelineCall,
  report: RunReport,
  workDir: string,
): Promise<Tensor> {
  const begun = await pipeline.begin(call);
  const reports = report.stages.length === 0 ? [report] : report.stages;
  let { latents, sampler: before } = begun.job;
  for (const [at, stage] of [begun, ...begun.next].entries()) {
    const { sampler } = stage.job;
    if (at > 0) sampler.resume(0, before.history());
    const job = { ...stage.job, latents };
    latents = await stageLatents({ ...stage, job }, replayPlan(reports[at] as RunReport), workDir);
    before = sampler;
  }
  return latents;
}

async function stageLatents(
  { job, adaptation, inputShapes, predictorPath }: CompleteJob,
  options: PlanOptions,
  workDir: string,
): Promise<Tensor> {
  const settings = resolvePlanSettings(options);
  const plan = await planInProcess({
    source: { kind: 'model', modelPath: predictorPath, inputShapes, adaptation },
    settings,
    workers: planWorkers(settings),
    links: [],
    batchRepeat: batchRepeatOf(job.guidance),
    workDir,
    threads: 1,
  });
  const segments = await openSegments(plan, settings);
  const { sampler, guidance } = job;
  const { schedule, lookAhead } = jobSchedule({ settings, sampler, guidance, plan });
  try {
    const { latents } = await denoiseSteadily(
      { jobId: 'reference', job, settings: schedule, lookAhead, trace: false },
      (attempt) =>
        denoiseCallerSamples({
          ...attempt,
          executor: new ReferenceExecutor(plan.partition, attempt.settings, segments),
          onStep: () => undefined,
        }),
    );
    return latents;
  } finally {
    await releaseSegments(segments);
  }
}
