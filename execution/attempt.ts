import type { Tensor } from '../common/tensor/index.js';
import type { Round, ScheduleSettings } from '../program/index.js';
import type { DenoiseJob } from './denoise-job.js';
import type { LookAheadOptions } from './latents-predictor.js';
import type { ExecutionReport, RoundExecutor } from './round-executor.js';
import type { SamplerState } from './sampler-state.js';
import { samplerStart } from './sampler-step.js';
import { clockMs, type Span } from './runtime/index.js';

/** One attempt of a job: from its first step, or from where an earlier attempt ended, to the end or to the next loss. */
export interface Attempt {
  readonly jobId: string;
  readonly job: DenoiseJob;
  /** The rounds of this attempt. */
  readonly settings: ScheduleSettings;
  /** Where an earlier attempt ended: latents of this one's first step. Undefined: those of the job. */
  readonly from?: Pick<SamplerState, 'latents' | 'foresight'> | undefined;
  /** Where components look ahead. */
  readonly lookAhead?: LookAheadOptions | undefined;
  /** Record spans. */
  readonly trace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What an attempt came to. */
export interface AttemptResult {
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

/** What a loop over the rounds comes to. */
export interface RoundsDone extends Omit<AttemptResult, 'seconds' | 'report'> {
  /** When the last step was finished. */
  readonly endMs: number;
}

/** Latents of the attempt's first step. */
export function firstLatents({ from, job }: Pick<Attempt, 'from' | 'job'>): Tensor {
  return from?.latents ?? job.latents;
}

/** Starts an attempt, has `loop` see its rounds through from `startMs` on, and ends it, whether it was finished or not. */
export async function runAttempt(
  executor: RoundExecutor,
  attempt: Attempt,
  loop: (rounds: readonly Round[], startMs: number) => Promise<RoundsDone>,
): Promise<AttemptResult> {
  const { jobId, job, settings, lookAhead, from, trace } = attempt;
  const { sampler, conditioning, timesteps, guidance } = job;
  const { rounds } = executor.program;
  const standing = { latents: firstLatents(attempt), foresight: from?.foresight, lookAhead };
  let startMs = clockMs();
  let done: RoundsDone;
  try {
    await executor.start({
      jobId,
      conditioning,
      timesteps,
      guidance,
      trace,
      sampler: samplerStart(sampler, settings, standing),
    });
    startMs = clockMs();
    done = await loop(rounds, startMs);
  } catch (error) {
    await executor.finish(false).catch(() => undefined);
    throw error;
  }
  const { endMs, ...result } = done;
  return { ...result, seconds: (endMs - startMs) / 1000, report: await executor.finish(true) };
}
