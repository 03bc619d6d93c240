import { guidanceOf } from '../../common/guidance/index.js';
import { planWorkers } from '../../cli/reference-run.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  denoiseCallerSamples,
  denoiseSteadily,
  jobSchedule,
  scheduleFrom,
  type LoadedSegment,
  ReferenceExecutor,
  releaseSegments,
} from '../../execution/index.js';
import { LatentsPredictor } from '../../execution/latents-predictor.js';
import { plannedSettings, type PlanSettings, resolvePlanSettings } from '../../common/settings/index.js';
import { makePlan, openSegments, type Plan } from '../../planner/index.js';
import { createSampler, parseSchedulerConfig, SeededNoise } from '../../samplers/index.js';
import type { DenoiseSettings, DenoiseSubject, RunResult } from './denoise-settings.js';

const NOTHING_AHEAD = { slope: 0, gateAbove: undefined, tolerance: undefined, holds: 0 };

/** Where a run begins in the middle: what the steps before it gave. */
export interface Before {
  readonly firstStep: number;
  readonly latents: readonly Tensor[];
  readonly eps: readonly Tensor[];
}

interface Opened {
  readonly plan: Plan;
  readonly segments: readonly LoadedSegment[];
}

/**
 * The reference executor in this process, for many runs: what `denoise --reference` does (commands.test.ts runs that
 * itself), with plans and sessions kept from one run to the next.
 */
export class Reference {
  readonly #subject: DenoiseSubject;
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(subject: DenoiseSubject) {
    this.#subject = subject;
  }

  /** Runs the program; `before`: the latents of each step. A run that begins in the middle begins with one synchronous step, as a job does after a loss. */
  async run(
    settings: DenoiseSettings,
    before?: Before,
  ): Promise<RunResult & { readonly before: readonly Tensor[] }> {
    const { numInferenceSteps, guidanceScale = 1, ...options } = settings;
    // The noise of a request without a seed, with latents given.
    const noise = new SeededNoise({ seed: 0n, drawnBefore: [] });
    const config = parseSchedulerConfig(this.#subject.schedulerConfig);
    const sampler = createSampler(config, numInferenceSteps, { noise });
    const { plan, segments } = await this.#open(settings);
    const resolved = resolvePlanSettings(options, settings);
    const guidance = guidanceOf(guidanceScale);
    const { schedule: usual, lookAhead } = jobSchedule({ settings: resolved, sampler, guidance, plan });
    const { sample, ...conditioning } = this.#subject.inputs;
    const firstStep = before?.firstStep ?? 0;
    // Samplers with a memory, and predictions, have seen the steps before.
    const seen = new LatentsPredictor(sampler, lookAhead ?? NOTHING_AHEAD);
    for (let step = 0; step < firstStep; step++) {
      const [eps, from, to] = [before?.eps[step], before?.latents[step], before?.latents[step + 1]];
      // The drift that a round found decides about the slope of the next one, also across a loss.
      if ((step - usual.warmUp) % usual.stride === 0) seen.foresee(usual.stride, step, from as Tensor);
      sampler.step(eps?.data as Float32Array, step, from?.data as Float32Array);
      seen.took(step, eps?.data as Float32Array, from as Tensor, to as Tensor);
    }
    const eps: Tensor[] = [];
    const latentsBefore: Tensor[] = [];
    const result = await denoiseSteadily(
      {
        jobId: 'reference',
        job: {
          sampler,
          latents: sample as Tensor,
          conditioning,
          timesteps: sampler.timesteps,
          guidance,
        },
        settings: scheduleFrom(usual, firstStep),
        from: before && { latents: before.latents[firstStep] as Tensor, foresight: seen.foresight },
        lookAhead,
        trace: false,
      },
      (attempt) =>
        denoiseCallerSamples({
          ...attempt,
          executor: new ReferenceExecutor(plan.partition, attempt.settings, segments),
          onStep: (step) => {
            eps[step.step] = step.eps;
            latentsBefore[step.step] = step.latents;
          },
        }),
    );
    return { latents: result.latents, eps, before: latentsBefore, planId: plan.planId };
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await releaseSegments((await opened).segments);
  }

  #open(settings: DenoiseSettings): Promise<Opened> {
    const { numInferenceSteps: _steps, guidanceScale = 1, ...options } = settings;
    const plan = resolvePlanSettings({ components: 1, ...options });
    const guided = guidanceScale > 1;
    const key = JSON.stringify([plannedSettings(plan), plan.maxWorkers, guided]);
    let opened = this.#opened.get(key);
    if (opened === undefined) {
      opened = this.#make(plan, guided ? 2 : 1);
      this.#opened.set(key, opened);
    }
    return opened;
  }

  async #make(settings: PlanSettings, batchRepeat: number): Promise<Opened> {
    const { modelPath, inputs, workDir } = this.#subject;
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]));
    const [batch = 1, ...rest] = inputs['sample']?.dims ?? [];
    const plan = await makePlan({
      source: {
        kind: 'model',
        modelPath,
        inputShapes: { ...shapes, sample: [batch * batchRepeat, ...rest] },
      },
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat,
      workDir,
      threads: 1,
    });
    return { plan, segments: await openSegments(plan, settings) };
  }
}
