import { abortable, throwIfAborted } from '../common/abort.js';
import type { Tensor } from '../common/tensor/index.js';
import type { Round } from '../program/index.js';
import { type Attempt, type AttemptResult, firstLatents, runAttempt } from './attempt.js';
import { sampledRound } from './issued-round.js';
import { JobSampler } from './job-sampler.js';
import type { Foresight } from './latents-predictor.js';
import type { RoundExecutor } from './round-executor.js';
import { clockMs, type Span } from './runtime/index.js';

interface CallerSamplesOptions extends Attempt {
  readonly executor: RoundExecutor;
  /** The next step is not taken before the promise that it returns settles: whoever takes the steps may be slow. */
  readonly onStep?: ((step: StepResult) => void | Promise<void>) | undefined;
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

/**
 * The denoising loop where the caller runs the sampler, the same for every executor: issues the rounds, takes the steps. Round r + 1 is
 * issued while round r runs, so that components which do not read the latents can begin as soon as their boundary
 * tensors are there; its latents follow when the sampler has made them. See denoiseExecutorSamples for the other loop.
 */
export async function denoiseCallerSamples(options: CallerSamplesOptions): Promise<AttemptResult> {
  const { executor, job, settings, signal, lookAhead, from } = options;
  const { sampler } = job;
  return runAttempt(executor, options, async (rounds, startMs) => {
    const roundMs: number[] = [];
    const samplerSpans: Span[] = [];
    const own = new JobSampler({
      sampler,
      nextStep: settings.firstStep ?? 0,
      latents: firstLatents(options),
      lookAhead,
      foresight: from?.foresight,
    });
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
        const taken = options.onStep?.({
          step,
          round,
          timestep,
          latents,
          eps: own.output ?? eps,
          nextLatents: own.latents,
          foresight: () => own.state().foresight,
        });
        if (taken !== undefined) await abortable(taken, signal);
        if (own.held) break;
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
