import { basename, resolve } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { asked, type JobSettings } from '../../common/settings/index.js';
import { type BenchConfig, describeEnvironment, benchWorkers } from '../bench/index.js';
import { writeQuality } from '../bench-output.js';
import type { OpenCluster } from '../cluster-flags.js';
import { type CommandIo, writeJson } from '../io.js';
import { checkCalibrated, keepCalibration } from '../keep-calibration.js';
import { toPlanOptions } from '../plan-flags.js';
import type { ProgressLine } from '../progress.js';
import {
  pictureGrid,
  type QualityDocument,
  qualityDocument,
  qualityMarkdown,
  type QualityOutcome,
  type QualityPrompt,
  runQuality,
  RunStore,
  SHOWN_PICTURES,
} from '../quality-bench/index.js';
import { readSamplerFlags } from '../sampler-flags.js';
import type { BenchFlags } from './bench.js';

interface QualityRequest {
  readonly flags: BenchFlags;
  readonly configs: readonly BenchConfig[];
  readonly prompts: readonly QualityPrompt[];
  readonly job: JobSettings;
  readonly numInferenceSteps: number;
  readonly cluster: OpenCluster;
  readonly progress: ProgressLine;
  /** The command line, as a shell takes it. */
  readonly command: string;
  readonly warnings: readonly string[];
}

/** A configuration that is the sequential run, or says itself what the methods differ in, cannot be compared. Throws `usage`. */
export function checkQualityConfigs(configs: readonly BenchConfig[]): void {
  const published = configs.find(({ plan }) => plan.lookAhead === 'off');
  if (published !== undefined)
    throw new AsyncDiffError(
      'usage',
      `--configs: ${published.name} is without look-ahead, which --quality measures for every configuration anyway`,
      { hint: `Write it as ${published.name.replace('a', '')}.` },
    );
}

/** Draws, compares, reports; `asyncdiff bench --quality`. */
export async function benchQuality(request: QualityRequest, io: CommandIo): Promise<void> {
  const { flags, configs, prompts, job, numInferenceSteps, cluster, progress } = request;
  const status = await cluster.client.status({ signal: io.signal });
  const workers = benchWorkers(status);
  const warnings = [...request.warnings];
  const guidanceScale = asked(job.guidanceScale);
  const plan = toPlanOptions(flags);
  const calibrated =
    flags.calibrate === true
      ? checkCalibrated({ plan, guidanceScale, scheduler: flags.scheduler })
      : undefined;
  const sampler = await readSamplerFlags(flags);
  const { asyncdiff, git_commit: commit } = describeEnvironment();
  const outcome = await runQuality({
    client: cluster.client,
    configs,
    prompts,
    numInferenceSteps,
    request: { guidanceScale, ...sampler },
    plan,
    workers: workers.length,
    store: new RunStore(flags.out),
    origin: {
      model: status.model,
      versions: [asyncdiff, commit, status.version],
      devices: workers.map(({ device, threads }) => `${device} ${threads}`),
    },
    shown: SHOWN_PICTURES,
    signal: io.signal,
    onProgress: (label, done, total) => progress.update(label, done, total),
    onWarning: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
    },
  });
  const document = qualityDocument({
    outcome,
    settings: {
      model: basename(resolve(status.model === '' ? '.' : status.model)),
      num_inference_steps: numInferenceSteps,
      guidance_scale: guidanceScale ?? null,
      scheduler: flags.scheduler ?? null,
    },
    prompts,
    workers,
    coordinatorVersion: status.version,
    command: request.command,
    warnings,
  });
  await report(flags, io, progress, { outcome, document, prompts });
  if (calibrated === undefined) return;
  const measured = { numInferenceSteps, guidanceScale: calibrated };
  progress.note(await keepCalibration(status.model, document.rows, measured));
}

async function report(
  flags: BenchFlags,
  io: CommandIo,
  progress: ProgressLine,
  made: {
    readonly outcome: QualityOutcome;
    readonly document: QualityDocument;
    readonly prompts: readonly QualityPrompt[];
  },
): Promise<void> {
  const { outcome, document, prompts } = made;
  progress.clear();
  if (flags.out !== undefined) {
    const grid = pictureGrid(outcome, prompts);
    for (const path of await writeQuality(flags.out, document, grid)) progress.note(path);
  }
  if (flags.json === true) writeJson(io, document);
  else io.stdout.write(qualityMarkdown(document));
  for (const warning of document.warnings) progress.note(`warning: ${warning}`);
  if (outcome.error !== undefined) throw outcome.error;
}
