import { planWorkers } from '../../cli/reference-run.js';
import { replayPlan } from '../../client/index.js';
import { LocalCluster } from '../../client/local/index.js';
import { batchRepeatOf } from '../../common/guidance/index.js';
import { type PlanOptions, resolvePlanSettings } from '../../common/settings/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { Pipeline, type PipelineCall } from '../../coordinator/pipeline/index.js';
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
  readonly isFinite: boolean;
  readonly seconds: number;
}

/**
 * Runs a recorded call on two worker processes of one thread each, with the recorded arguments and noise of its seed, and again in this process by the
 * reference executor with the run's own cuts and steps in order.
 */
export async function compareOnWorkers(
  recorded: RecordedPipeline,
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
      const reference = await referenceLatents(pipeline, call, replayPlan(report), cacheDir);
      runs.push({
        pipeline: recorded.name,
        variant,
        steps: report.steps,
        inOrderSteps: report.inOrderSteps.length,
        bytesBetweenWorkers: report.bytesBetweenWorkers,
        isEqual: bytes(latents).equals(bytes(reference)),
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

/** The latents of a call in this process, task after task, by a plan of its own with the same cuts. */
async function referenceLatents(
  pipeline: Pipeline,
  call: PipelineCall,
  options: PlanOptions,
  workDir: string,
): Promise<Tensor> {
  const { job, adaptation, inputShapes } = await pipeline.begin(call);
  const settings = resolvePlanSettings(options);
  const plan = await planInProcess({
    source: { kind: 'model', modelPath: pipeline.predictorPath, inputShapes, adaptation },
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
