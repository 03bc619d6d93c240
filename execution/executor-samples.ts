import { abortable, throwIfAborted } from '../common/abort.js';
import { lastStepOf, type Round } from '../program/index.js';
import { type Attempt, type AttemptResult, firstLatents, type RoundsDone, runAttempt } from './attempt.js';
import type { SamplerState } from './sampler-state.js';
import type { SamplingExecutor } from './round-executor.js';
import { clockMs, type RoundReport } from './runtime/index.js';

export interface ExecutorSamplesOptions extends Attempt {
  readonly executor: SamplingExecutor;
  /** Rounds per progress report. */
  readonly roundsPerReport: number;
  /** Reports from one checkpoint to the next: a window, whose rounds are issued together. */
  readonly reportsPerWindow: number;
  /** Whether a checkpoint is wanted after this round in any case. */
  readonly wantsCheckpoint?: ((round: Round) => boolean) | undefined;
  readonly onProgress?: ((round: Round) => void) | undefined;
  /** The sampler's state after a round: from there the job can go on elsewhere. */
  readonly onCheckpoint?: ((state: SamplerState, round: Round) => void) | undefined;
}

/**
 * The denoising loop where the executor runs the sampler: issues the rounds, one window ahead, and hears how far they are. The
 * noise predictions stay where they are made, so what a round costs the caller depends neither on the size of the image nor, where rounds
 * are short, on their number. The caller's sampler takes no step; every checkpoint brings it to where the executor's is.
 */
export async function denoiseExecutorSamples(options: ExecutorSamplesOptions): Promise<AttemptResult> {
  const { executor, job, signal } = options;
  const { sampler } = job;
  const roundsPerWindow = options.roundsPerReport * options.reportsPerWindow;
  return runAttempt(executor, options, async (rounds, startMs) => {
    const reports = rounds.map((round, index) => reportOf(options, rounds, round, index));
    const roundMs: number[] = [];
    let latents = firstLatents(options);
    let drifts: AttemptResult['drifts'] = [];
    let lastMs = startMs;
    const issueWindow = (from: number): void => {
      for (const [at, round] of rounds.slice(from, from + roundsPerWindow).entries())
        executor.issue(round, reports[from + at] as RoundReport);
    };
    issueWindow(0);
    const heldAt = (held: SamplerState): RoundsDone => ({
      latents: held.latents,
      held,
      drifts: held.foresight?.drifts ?? [],
      rounds: rounds.filter(({ firstStep }) => firstStep < held.nextStep).length,
      roundMs,
      samplerSpans: [],
      endMs: clockMs(),
    });
    let toldRounds: Round[] = [];
    for (const [index, round] of rounds.entries()) {
      throwIfAborted(signal);
      if (index % roundsPerWindow === 0) issueWindow(index + roundsPerWindow);
      toldRounds.push(round);
      if (reports[index] === 'nothing') continue;
      const { state, held } = await abortable(executor.roundDone(lastStepOf(round)), signal);
      if (held && state !== undefined) return heldAt(state);
      const endMs = clockMs();
      // Told of together: a round's time is its share.
      const each = (endMs - lastMs) / toldRounds.length;
      if (toldRounds.every(isSettled)) roundMs.push(...toldRounds.map(() => each));
      toldRounds = [];
      lastMs = endMs;
      options.onProgress?.(round);
      if (state === undefined) continue;
      latents = state.latents;
      drifts = state.foresight?.drifts ?? [];
      sampler.resume(state.nextStep, state.history);
      options.onCheckpoint?.(state, round);
    }
    return { latents, drifts, rounds: rounds.length, roundMs, samplerSpans: [], endMs: lastMs };
  });
}

/** Whether a round tells the period: the first asynchronous one still waits for the last in order. */
const isSettled = ({ mode, round }: Round): boolean => mode === 'async' && round > 1;

function reportOf(
  { roundsPerReport, reportsPerWindow, wantsCheckpoint }: ExecutorSamplesOptions,
  rounds: readonly Round[],
  round: Round,
  index: number,
): RoundReport {
  const done = index + 1;
  if (done === rounds.length || wantsCheckpoint?.(round) === true) return 'checkpoint';
  // A settled stretch is told of apart, so that a short run knows its period too.
  const turns = isSettled(round) !== isSettled(rounds[done] as Round);
  if (done % roundsPerReport !== 0) return turns ? 'progress' : 'nothing';
  return done % (roundsPerReport * reportsPerWindow) === 0 ? 'checkpoint' : 'progress';
}
