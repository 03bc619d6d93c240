import { batchRepeatOf, guidanceOf, inputShapesOf } from '../common/guidance/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { packageVersion } from '../common/package.js';
import { findRuntime } from '../common/runtime-package.js';
import {
  type Attempt,
  checkReplay,
  denoiseCallerSamples,
  denoiseSteadily,
  describeRuntimes,
  inputsDigest,
  jobSchedule,
  parseDevice,
  ReferenceExecutor,
  releaseSegments,
  type RunIdentity,
  type SteadyResult,
  type StepResult,
  takeLatents,
} from '../execution/index.js';
import {
  choiceSubject,
  componentsAsked,
  defaultWorkDir,
  describeModel,
  jointJob,
  type JointPair,
  type Plan,
  openSegments,
  planInProcess,
} from '../planner/index.js';
import {
  createSampler,
  type NoiseSeed,
  type Sampler,
  samplerTraits,
  SeededNoise,
} from '../samplers/index.js';

interface ReferenceRunOptions {
  readonly modelPath: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly sampler: Sampler;
  readonly guidanceScale: number;
  /** Seed of latents that are drawn because they are left out, where there are several. Default: 0. */
  readonly seed?: bigint | undefined;
  /** Which outputs predict which of several latents; found where left out. */
  readonly joint?: readonly JointPair[] | undefined;
  /** The predictor is fed the sampler's timesteps times this. Default: 1. */
  readonly timestepScale?: number | undefined;
  readonly settings: PlanSettings;
  readonly device: string;
  readonly threads: number;
  /** The run whose bits this one is to give again. */
  readonly replay?: RunIdentity | undefined;
  readonly workDir?: string | undefined;
  readonly signal: AbortSignal;
  readonly onStep: (step: StepResult) => void;
}

/**
 * The same program in this process, one task after another: what every distributed run must equal bit for bit on the
 * same provider and thread count. It is planned for {@link planWorkers}.
 */
export async function referenceRun(options: ReferenceRunOptions): Promise<{
  result: SteadyResult;
  plan: Plan;
  schedule: Attempt['settings'];
  identity: RunIdentity;
  jointLatents: Record<string, Tensor>;
}> {
  const { inputs, guidanceScale, modelPath, joint: pairs = [] } = options;
  const seed = options.seed ?? 0n;
  const isNamed = inputs['sample'] !== undefined;
  const joint =
    isNamed && pairs.length === 0
      ? undefined
      : jointJob({ modelPath, inputs, pairs, seed, sampler: options.sampler });
  const sampler =
    joint === undefined
      ? options.sampler
      : withNoise(options.sampler, { seed, drawnBefore: joint.drawn, parts: joint.sizes });
  const own = isNamed || joint !== undefined ? undefined : describeModel(modelPath).sample.name;
  const { latents, conditioning } = joint ?? takeLatents(inputs, own);
  if (parseDevice(options.device).kind === 'declared')
    throw new AsyncDiffError('usage', 'the reference computes; a declared device does not');
  const guidance = guidanceOf(guidanceScale);
  const plan = await planInProcess(
    {
      source: {
        kind: 'model',
        modelPath: options.modelPath,
        inputShapes: inputShapesOf(latents.dims, conditioning, guidance),
        adaptation: joint?.adaptation,
      },
      settings: options.settings,
      workers: planWorkers(options.settings),
      links: [],
      batchRepeat: batchRepeatOf(guidance),
      subject: choiceSubject(samplerTraits(sampler), guidance, options.settings),
      workDir: options.workDir ?? defaultWorkDir(),
      device: options.device,
      threads: 1,
    },
    { signal: options.signal },
  );
  const runtime = describeRuntimes([
    { device: options.device, threads: options.threads, onnxruntimeVersion: findRuntime()?.version ?? '' },
  ]);
  const timesteps = sampler.timesteps.map((timestep) => timestep * (options.timestepScale ?? 1));
  const identity: RunIdentity = {
    version: packageVersion,
    predictorId: plan.predictorId,
    programId: plan.programId,
    inputsSha256: inputsDigest({ sampler, timesteps, guidance, latents, conditioning }),
    runtimes: plan.placement.map(() => runtime),
  };
  if (options.replay !== undefined) checkReplay(options.replay, identity);
  const { device, threads } = options;
  const settings = { ...options.settings, ...plan.settings };
  const segments = await openSegments(plan, { ...settings, device, threads });
  const { schedule, lookAhead } = jobSchedule({ settings, sampler, guidance, plan });
  try {
    const job = { sampler, latents, conditioning, timesteps, guidance };
    const { signal, onStep } = options;
    const result = await denoiseSteadily(
      { jobId: 'reference', job, settings: schedule, lookAhead, trace: false, signal },
      (attempt) => {
        const executor = new ReferenceExecutor(plan.partition, attempt.settings, segments);
        return denoiseCallerSamples({ ...attempt, executor, onStep });
      },
    );
    return { result, plan, schedule, identity, jointLatents: joint?.unpack(result.latents) ?? {} };
  } finally {
    await releaseSegments(segments);
  }
}

/** The same sampler with other noise. */
function withNoise({ config, numInferenceSteps, name, options }: Sampler, noise: NoiseSeed): Sampler {
  return createSampler(config, numInferenceSteps, { name, options, noise: new SeededNoise(noise) });
}

/**
 * The workers that the reference is planned for, on one host, as local workers of the same number are: one per component (of each half, where
 * guidance is split), and up to S - 1 more that hold component N as well where `maxWorkers` or step-parallel say so.
 */
export function planWorkers(settings: PlanSettings) {
  const { guidanceSplit, maxWorkers } = settings;
  const [stride, stepParallel] = [settings.stride, settings.stepParallel].map((count) =>
    count === 'auto' ? 1 : count,
  ) as [number, number];
  const asked = componentsAsked(settings);
  const halves = guidanceSplit === 'on' ? 2 : 1;
  const components = (asked === 'auto' ? 1 : asked) * halves;
  const most = maxWorkers === 'auto' ? stepParallel : maxWorkers;
  const spare = Math.min((stride - 1) * halves, Math.max(0, most - components));
  return Array.from({ length: components + spare }, (_, index) => ({
    id: `local-${index + 1}`,
    hostId: 'local',
    speed: 1,
    roundTripMs: 0,
  }));
}
