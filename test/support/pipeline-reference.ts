import { planWorkers } from '../../cli/reference-run.js';
import type { PlanOptions } from '../../client/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import type { BegunCall, Pipeline } from '../../coordinator/pipeline/index.js';
import {
  denoise,
  loadSegments,
  openOrtSession,
  parseDevice,
  ReferenceExecutor,
  releaseSegments,
} from '../../execution/index.js';
import { planInThread, segmentModel } from '../../planner/index.js';

export interface ReferenceRun {
  /** Before each step, and at the end. */
  readonly latents: readonly Tensor[];
  /** Guided, of each step. */
  readonly eps: readonly Tensor[];
}

/** A call that has begun, through the reference executor in this process; as one component where nothing else is asked for. */
export async function runReference(
  pipeline: Pipeline,
  { job, inputShapes, microBatches }: BegunCall,
  workDir: string,
  options: PlanOptions = {},
): Promise<ReferenceRun> {
  const steps = job.sampler.numCalls;
  const settings = resolvePlanSettings(
    { components: 1, warmUp: steps, ...options, microBatches },
    { numInferenceSteps: steps },
  );
  const batchRepeat = job.guidance === undefined ? 1 : 2;
  const device = parseDevice('cpu');
  if (device.kind === 'declared') throw new Error('cpu is a real device');
  const plan = await planInThread({
    source: { kind: 'model', modelPath: pipeline.predictorPath, inputShapes, adaptation: job.adaptation },
    settings,
    workers: planWorkers(settings),
    links: [],
    batchRepeat,
    workDir,
    threads: 1,
  });
  const segments = await loadSegments(plan.specs, (spec) =>
    openOrtSession(segmentModel(plan, spec.sha256), {
      device,
      threads: 1,
      optimizationLevel: 'extended',
    }),
  );
  const schedule = {
    numInferenceSteps: steps,
    stride: settings.stride,
    warmUp: typeof settings.warmUp === 'number' ? settings.warmUp : steps,
    timeShift: false,
    firstStep: 0,
  };
  const eps: Tensor[] = [];
  const latents: Tensor[] = [];
  const result = await denoise({
    executor: new ReferenceExecutor(plan.partition, schedule, segments),
    sampler: job.sampler,
    settings: schedule,
    job: {
      jobId: 'reference',
      conditioning: job.conditioning,
      timesteps: job.timesteps ?? job.sampler.timesteps,
      batchRepeat,
      guidanceScale: job.guidance?.scale ?? 0,
      trace: false,
    },
    latents: job.latents,
    onStep: (step) => {
      eps[step.step] = step.eps;
      latents[step.step] = step.latents;
    },
  });
  await releaseSegments(segments);
  return { latents: [...latents, result.latents], eps };
}
