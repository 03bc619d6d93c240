import type { Tensor } from '../../common/tensor/index.js';
import { denoise, openOrtSession, parseDevice, ReferenceExecutor } from '../../engine/index.js';
import { planInThread } from '../../planner/index.js';
import { createSampler, parseSchedulerConfig } from '../../samplers/index.js';
import { planWorkers } from '../../cli/reference-run.js';
import type { DenoiseSubject, RunResult } from './denoise-settings.js';

/** The reference from a step in mid-run on, as a job goes on after a loss: one synchronous step, then rounds. */
export async function runReferenceFrom(
  subject: DenoiseSubject,
  settings: { numInferenceSteps: number; cuts: readonly string[] },
  before: { readonly latents: readonly Tensor[]; readonly eps: readonly Tensor[] },
  firstStep: number,
): Promise<RunResult> {
  const device = parseDevice('cpu');
  if (device.kind === 'declared') throw new Error('cpu is a real device');
  const planSettings = {
    components: 0,
    stride: 1,
    cuts: settings.cuts,
    shape: 'auto',
    wireDtype: 'float32',
    lag: 1,
    microCuts: 1,
  } as const;
  const { sample, ...conditioning } = subject.inputs;
  const shapes = Object.fromEntries(Object.entries(subject.inputs).map(([name, { dims }]) => [name, dims]));
  const plan = await planInThread({
    source: {
      kind: 'model',
      modelPath: subject.modelPath,
      inputShapes: { ...shapes, sample: sample?.dims ?? [] },
    },
    settings: planSettings,
    workers: planWorkers(planSettings),
    links: [],
    batchRepeat: 1,
    workDir: subject.workDir,
    optimizationLevel: 'extended',
    threads: 1,
  });
  const segments = [];
  for (const spec of plan.specs) {
    const path = plan.artifactPaths.get(spec.sha256) as string;
    segments.push({
      spec,
      session: await openOrtSession(path, { device, threads: 1, optimizationLevel: 'extended' }),
    });
  }
  const sampler = createSampler(parseSchedulerConfig(subject.schedulerConfig), settings.numInferenceSteps);
  // Samplers with a memory have seen the steps before the loss.
  for (let step = 0; step < firstStep; step++) {
    const [eps, latents] = [before.eps[step], before.latents[step]];
    sampler.step(eps?.data as Float32Array, step, latents?.data as Float32Array);
  }
  const schedule = {
    numInferenceSteps: settings.numInferenceSteps,
    stride: 1,
    warmUp: 1,
    timeShift: false,
    firstStep,
  };
  const executor = new ReferenceExecutor(plan.partition, schedule, segments);
  const eps: Tensor[] = [];
  try {
    const result = await denoise({
      executor,
      sampler,
      settings: schedule,
      job: {
        jobId: 'tail',
        conditioning,
        timesteps: sampler.timesteps,
        batchRepeat: 1,
        guidanceScale: 0,
        trace: false,
      },
      latents: before.latents[firstStep] as Tensor,
      onStep: (step) => {
        eps[step.step] = step.eps;
      },
    });
    return { latents: result.latents, eps, planId: plan.planId };
  } finally {
    await executor.close();
  }
}
