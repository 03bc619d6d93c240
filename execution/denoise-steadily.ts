import type { SamplerState } from './sampler-state.js';
import type { Attempt, AttemptResult } from './attempt.js';
import type { WorkerExecution } from './round-executor.js';

/** A job with all its attempts. */
export interface SteadyResult extends Omit<AttemptResult, 'held'> {
  /** Steps that were made in order because the latents had drifted. */
  readonly heldAt: readonly number[];
}

/**
 * Denoises with a step in order wherever the latents have drifted too far from their prediction: the attempt ends there, and the next
 * one begins with that step, as a job does after a loss. Nothing is decided ahead, and where nothing drifts nothing is asked.
 * @param run runs an attempt; its number counts from 0
 */
export async function denoiseSteadily(
  first: Attempt,
  run: (attempt: Attempt, number: number) => Promise<AttemptResult>,
): Promise<SteadyResult> {
  const heldAt: number[] = [];
  const results: AttemptResult[] = [];
  let attempt = first;
  for (let number = 0; ; number++) {
    const result = await run(attempt, number);
    results.push(result);
    if (result.held === undefined) return { ...joined(results), heldAt };
    heldAt.push(result.held.nextStep);
    attempt = afterHold(attempt, result.held);
  }
}

/** Goes on where a job stands, with one step in order. */
function afterHold(attempt: Attempt, state: SamplerState): Attempt {
  const { job, settings, lookAhead } = attempt;
  job.sampler.resume(state.nextStep, state.history);
  return {
    ...attempt,
    settings: { ...settings, firstStep: state.nextStep, warmUp: 1 },
    from: state,
    lookAhead: lookAhead && { ...lookAhead, holds: lookAhead.holds - 1 },
  };
}

function joined(results: readonly AttemptResult[]): Omit<AttemptResult, 'held'> {
  const last = results.at(-1) as AttemptResult;
  const sum = (of: (result: AttemptResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const workers = new Map<string, WorkerExecution>();
  for (const { report } of results)
    for (const worker of report.workers)
      workers.set(worker.workerId, together(workers.get(worker.workerId), worker));
  return {
    latents: last.latents,
    drifts: last.drifts,
    seconds: sum(({ seconds }) => seconds),
    rounds: sum(({ rounds }) => rounds),
    roundMs: results.flatMap(({ roundMs }) => roundMs),
    samplerSpans: results.flatMap(({ samplerSpans }) => samplerSpans),
    report: { workers: [...workers.values()] },
  };
}

function together(earlier: WorkerExecution | undefined, later: WorkerExecution): WorkerExecution {
  if (earlier === undefined) return later;
  const sentBytes = { ...earlier.sentBytes };
  for (const [to, bytes] of Object.entries(later.sentBytes)) sentBytes[to] = (sentBytes[to] ?? 0) + bytes;
  return {
    workerId: later.workerId,
    computeMs: earlier.computeMs + later.computeMs,
    waitMs: earlier.waitMs + later.waitMs,
    sentBytes,
    segmentMs: { ...earlier.segmentMs, ...later.segmentMs },
    spans: [...earlier.spans, ...later.spans],
  };
}
