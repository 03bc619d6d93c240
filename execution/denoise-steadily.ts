import type { SamplerState } from './sampler-state.js';
import type { DenoiseOptions, DenoiseResult } from './denoise.js';
import type { WorkerExecution } from './round-executor.js';

/** What stays the same from one attempt of a job to the next. */
export type Attempted = Omit<DenoiseOptions, 'executor'>;

/** A job with all its attempts. */
export interface SteadyResult extends Omit<DenoiseResult, 'held'> {
  /** Steps that were made in order because the latents had drifted. */
  readonly heldAt: readonly number[];
}

/**
 * Denoises with a step in order wherever the latents have drifted too far from their prediction: the attempt ends there, and the next
 * one begins with that step, as a job does after a loss. Nothing is decided ahead, and where nothing drifts nothing is asked.
 * @param attempt runs an attempt; its number counts from 0
 */
export async function denoiseSteadily(
  options: Attempted,
  attempt: (options: Attempted, number: number) => Promise<DenoiseResult>,
): Promise<SteadyResult> {
  const heldAt: number[] = [];
  const results: DenoiseResult[] = [];
  let current = options;
  for (let number = 0; ; number++) {
    const result = await attempt(current, number);
    results.push(result);
    if (result.held === undefined) return { ...joined(results), heldAt };
    heldAt.push(result.held.nextStep);
    current = afterHold(current, result.held);
  }
}

/** Goes on where a job stands, with one step in order. */
function afterHold(options: Attempted, state: SamplerState): Attempted {
  const { sampler, settings, lookAhead } = options;
  sampler.resume(state.nextStep, state.history);
  return {
    ...options,
    settings: { ...settings, firstStep: state.nextStep, warmUp: 1 },
    latents: state.latents,
    foresight: state.foresight,
    lookAhead: lookAhead && { ...lookAhead, holds: lookAhead.holds - 1 },
  };
}

function joined(results: readonly DenoiseResult[]): Omit<DenoiseResult, 'held'> {
  const last = results.at(-1) as DenoiseResult;
  const sum = (of: (result: DenoiseResult) => number): number =>
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
