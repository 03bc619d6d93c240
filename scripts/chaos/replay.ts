import { resolvePlanSettings } from '../../common/settings/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import {
  denoiseCallerSamples,
  type Foresight,
  jobSchedule,
  scheduleFrom,
  type LoadedSegment,
  ReferenceExecutor,
  releaseSegments,
} from '../../execution/index.js';
import { planWorkers } from '../../cli/reference-run.js';
import { openSegments, type Plan, planInProcess } from '../../planner/index.js';
import { createSampler, parseSchedulerConfig } from '../../samplers/index.js';
import { planOptionsOf } from './plan-options.js';
import type { ChaosJob } from './scenario.js';
import { tinyLatents, tinyScheduler } from './tiny-model.js';

interface Opened {
  readonly plan: Plan;
  readonly segments: readonly LoadedSegment[];
}

/** What a job must give: the reference executor in this process, begun anew wherever the job was. */
export class Replay {
  readonly #modelPath: string;
  readonly #workDir: string;
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(modelPath: string, workDir: string) {
    this.#modelPath = modelPath;
    this.#workDir = workDir;
  }

  /** @param resumedAt steps at which it went on after a loss, in order */
  async latents(job: ChaosJob, resumedAt: readonly number[]): Promise<Tensor> {
    const eps: Tensor[] = [];
    const before: Tensor[] = [tinyLatents(job.size)];
    const foresights: (Foresight | undefined)[] = [];
    const { plan, segments } = await this.#open(job);
    const settings = resolvePlanSettings(planOptionsOf(job), { numInferenceSteps: job.steps });
    for (const firstStep of [0, ...resumedAt]) {
      const sampler = createSampler(parseSchedulerConfig(tinyScheduler(job.scheduler)), job.steps);
      // One that remembers steps has seen those before.
      for (let step = 0; step < firstStep; step++)
        sampler.step(eps[step]?.data as Float32Array, step, before[step]?.data as Float32Array);
      const { schedule: usual, lookAhead } = jobSchedule({ settings, sampler, guidance: undefined, plan });
      const schedule = scheduleFrom(usual, firstStep);
      await denoiseCallerSamples({
        jobId: 'replay',
        job: {
          sampler,
          latents: tinyLatents(job.size),
          conditioning: {},
          timesteps: sampler.timesteps,
          guidance: undefined,
        },
        settings: schedule,
        from:
          firstStep === 0
            ? undefined
            : { latents: before[firstStep] as Tensor, foresight: foresights[firstStep - 1] },
        lookAhead,
        trace: false,
        executor: new ReferenceExecutor(plan.partition, schedule, segments),
        onStep: (step) => {
          eps[step.step] = step.eps;
          before[step.step + 1] = step.nextLatents;
          foresights[step.step] = step.foresight();
        },
      });
    }
    return before[job.steps] as Tensor;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await releaseSegments((await opened).segments);
  }

  #open(job: ChaosJob): Promise<Opened> {
    const key = `${job.variant} ${job.size}`;
    let opened = this.#opened.get(key);
    if (opened === undefined) {
      opened = this.#make(job);
      this.#opened.set(key, opened);
    }
    return opened;
  }

  async #make(job: ChaosJob): Promise<Opened> {
    const settings = resolvePlanSettings(planOptionsOf(job));
    const plan = await planInProcess({
      source: {
        kind: 'model',
        modelPath: this.#modelPath,
        inputShapes: { sample: tinyLatents(job.size).dims },
      },
      settings,
      workers: planWorkers(settings),
      links: [],
      batchRepeat: 1,
      workDir: this.#workDir,
      threads: 1,
    });
    return { plan, segments: await openSegments(plan, settings) };
  }
}
