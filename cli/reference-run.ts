import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanSettings } from '../common/settings/index.js';
import type { Tensor } from '../common/tensor/index.js';
import {
  denoise,
  type DenoiseResult,
  loadSegments,
  openOrtSession,
  parseDevice,
  ReferenceExecutor,
  type StepResult,
} from '../execution/index.js';
import { componentsAsked, defaultWorkDir, type Plan, planInProcess, segmentModel } from '../planner/index.js';
import { scheduleOf } from '../program/index.js';
import type { Sampler } from '../samplers/index.js';

export interface ReferenceRunOptions {
  readonly modelPath: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly sampler: Sampler;
  readonly guidanceScale: number;
  readonly settings: PlanSettings;
  readonly device: string;
  readonly threads: number;
  readonly workDir?: string | undefined;
  readonly signal: AbortSignal;
  readonly onStep: (step: StepResult) => void;
}

/**
 * The same program in this process, one task after another: what every distributed run must equal bit for bit on the
 * same provider and thread count. It is planned as for one worker per component on one host.
 */
export async function referenceRun(
  options: ReferenceRunOptions,
): Promise<{ result: DenoiseResult; plan: Plan }> {
  const { inputs, sampler, guidanceScale } = options;
  const { sample: latents, ...conditioning } = inputs;
  if (latents === undefined)
    throw new AsyncDiffError('invalid_input', 'the latents are missing', {
      hint: 'Give them as --input sample=latents.npy.',
    });
  const device = parseDevice(options.device);
  if (device.kind === 'declared')
    throw new AsyncDiffError('usage', 'the reference computes; a declared device does not');
  const batchRepeat = guidanceScale > 1 ? 2 : 1;
  const [batch = 1, ...rest] = latents.dims;
  const shapes = Object.fromEntries(Object.entries(conditioning).map(([name, { dims }]) => [name, dims]));
  const plan = await planInProcess(
    {
      source: {
        kind: 'model',
        modelPath: options.modelPath,
        inputShapes: { ...shapes, sample: [batch * batchRepeat, ...rest] },
      },
      settings: options.settings,
      workers: planWorkers(options.settings),
      links: [],
      batchRepeat,
      workDir: options.workDir ?? defaultWorkDir(),
      threads: 1,
    },
    { signal: options.signal },
  );
  const segments = await loadSegments(plan.specs, (spec) =>
    openOrtSession(segmentModel(plan, spec.sha256), {
      device,
      threads: options.threads,
      optimizationLevel: options.settings.optimizationLevel,
    }),
  );
  const settings = scheduleOf(options.settings, sampler.numCalls);
  const executor = new ReferenceExecutor(plan.partition, settings, segments);
  try {
    const job = {
      jobId: 'reference',
      conditioning,
      timesteps: sampler.timesteps,
      batchRepeat,
      guidanceScale: batchRepeat === 2 ? guidanceScale : 0,
      trace: false,
    };
    const result = await denoise({
      executor,
      sampler,
      settings,
      job,
      latents,
      signal: options.signal,
      onStep: options.onStep,
    });
    return { result, plan };
  } finally {
    await executor.close();
  }
}

/** One worker per component, on one host: what local workers of the same number are planned as. */
export function planWorkers(settings: PlanSettings) {
  const asked = componentsAsked(settings);
  const count = asked === 'auto' ? 1 : asked;
  return Array.from({ length: count }, (_, index) => ({
    id: `local-${index + 1}`,
    hostId: 'local',
    speed: 1,
    roundTripMs: 0,
  }));
}
