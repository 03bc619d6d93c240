import type { Round } from '../program/index.js';
import type { DenoiseOptions, DenoiseResult } from './denoise.js';
import { samplerStart } from './sampler-step.js';
import { clockMs } from './timing.js';

/** What a loop over the rounds comes to. */
export interface RoundsDone extends Omit<DenoiseResult, 'seconds' | 'report'> {
  /** When the last step was finished. */
  readonly endMs: number;
}

/** Starts a job, has `loop` see its rounds through from `startMs` on, and ends it, whether it was finished or not. */
export async function runJob(
  options: Omit<DenoiseOptions, 'onStep' | 'signal'>,
  loop: (rounds: readonly Round[], startMs: number) => Promise<RoundsDone>,
): Promise<DenoiseResult> {
  const { executor, sampler, settings, job } = options;
  const { rounds } = executor.program;
  let startMs = clockMs();
  let done: RoundsDone;
  try {
    await executor.start({ ...job, sampler: samplerStart(sampler, settings, options) });
    startMs = clockMs();
    done = await loop(rounds, startMs);
  } catch (error) {
    await executor.finish(false).catch(() => undefined);
    throw error;
  }
  const { endMs, ...result } = done;
  return { ...result, seconds: (endMs - startMs) / 1000, report: await executor.finish(true) };
}
