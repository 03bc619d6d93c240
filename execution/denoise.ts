import { abortable, throwIfAborted } from '../common/abort.js';
import type { Tensor } from '../common/tensor/index.js';
import type { Sampler } from '../samplers/index.js';
import type { Round, ScheduleSettings } from '../program/index.js';
import { sampledRound } from './issued-round.js';
import { runJob } from './job-run.js';
import { JobSampler } from './job-sampler.js';
import type { Foresight, LookAheadOptions } from './latents-predictor.js';
import type { ExecutionReport, JobStart, RoundExecutor } from './round-executor.js';
import type { SamplerState } from './sampler-state.js';
import { clockMs, type Span } from './timing.js';

export interface DenoiseOptions {
  readonly executor: RoundExecutor;
  readonly sampler: Sampler;
  readonly settings: ScheduleSettings;
  readonly job: Omit<JobStart, 'sampler'>;
  /** Latents of the first step, already multiplied by the sampler's init_noise_sigma; float32 [batch, channels, ...]. */
  readonly latents: Tensor;
  /** Where components look ahead. */
  readonly lookAhead?: LookAheadOptions | undefined;
  /** What an earlier attempt knew when it came to the first step. */
  readonly foresight?: Foresight | undefined;
  readonly onStep?: ((step: StepResult) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One step: latents before it, guided noise prediction, latents after it. */
export interface StepResult {
  readonly step: number;
  readonly round: Round;
  readonly timestep: number;
  readonly latents: Tensor;
  readonly eps: Tensor;
  readonly nextLatents: Tensor;
  /** What predictions are made from after it, a copy: from there the job can go on. Undefined without look-ahead. */
  readonly foresight: () => Foresight | undefined;
}

export interface DenoiseResult {
  readonly latents: Tensor;
  /** The job is held there: it goes on with a step in order. */
  readonly held?: SamplerState | undefined;
  /** By step: how far its latents were from their prediction; see LatentsPredictor. */
  readonly drifts: readonly (number | undefined)[];
  /** From the first round issued to the last step finished. */
  readonly seconds: number;
  readonly rounds: number;
  /** Time of each asynchronous round, from the end of the one before, milliseconds. */
  readonly roundMs: readonly number[];
  /** Steps of the caller's own sampler. */
  readonly samplerSpans: readonly Span[];
  readonly report: ExecutionReport;
}

/**
 * The denoising loop, the same for every executor: issues the rounds, runs the sampler. Round r + 1 is
 * issued while round r runs, so that components which do not read the latents can begin as soon as their boundary
 * tensors are there; its latents follow when the sampler has made them. See follow for the loop that leaves the sampler to the executor.
 */
export async function denoise(options: DenoiseOptions): Promise<DenoiseResult> {
  const { executor, sampler, settings, signal } = options;
  return runJob(options, async (rounds, startMs) => {
    const roundMs: number[] = [];
    const samplerSpans: Span[] = [];
    const own = new JobSampler({ ...options, nextStep: settings.firstStep ?? 0 });
    const issue = (round: Round): void => {
      executor.issue(round, 'noise');
      for (const made of own.issue(sampledRound(executor.program, round))) executor.latents(made);
    };
    let lastMs = startMs;
    let done = 0;
    issue(rounds[0] as Round);
    for (const [index, round] of rounds.entries()) {
      throwIfAborted(signal);
      if (own.held) break;
      const next = rounds[index + 1];
      if (next !== undefined) issue(next);
      for (let step = round.firstStep; step < round.firstStep + round.steps; step++) {
        const eps = await abortable(executor.noisePrediction(step), signal);
        const samplerStartMs = clockMs();
        const { latents } = own;
        for (const made of own.take(step, eps)) executor.latents(made);
        samplerSpans.push({
          name: `step ${step}`,
          category: 'sampler',
          startMs: samplerStartMs,
          durationMs: clockMs() - samplerStartMs,
          round: round.round,
          component: 0,
        });
        const timestep = sampler.timesteps[step] as number;
        options.onStep?.({
          step,
          round,
          timestep,
          latents,
          eps,
          nextLatents: own.latents,
          foresight: () => own.state().foresight,
        });
      }
      const endMs = clockMs();
      if (round.mode === 'async' && round.round > 1) roundMs.push(endMs - lastMs);
      lastMs = endMs;
      done += 1;
    }
    return {
      latents: own.latents,
      held: own.held ? own.state() : undefined,
      drifts: own.drifts,
      rounds: done,
      roundMs,
      samplerSpans,
      endMs: lastMs,
    };
  });
}
