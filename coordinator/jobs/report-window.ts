import type { ExecutorSamplesOptions } from '../../execution/index.js';

/** From one report to the next: each costs its two ends about a millisecond of processor together. */
const REPORT_MS = 300;
const MAX_ROUNDS_PER_REPORT = 16;
/** From one checkpoint to the next: what a lost worker may cost besides the rounds in flight, little beside planning anew. */
const WINDOW_MS = 1000;
const MAX_REPORTS_PER_WINDOW = 4;

/** How often the worker that samples reports, and how often with a checkpoint, where an asynchronous round takes so long. */
export function reportWindow(
  periodMs: number,
): Pick<ExecutorSamplesOptions, 'roundsPerReport' | 'reportsPerWindow'> {
  const upTo = (most: number, count: number): number => Math.max(1, Math.min(most, Math.floor(count)));
  const roundsPerReport = upTo(MAX_ROUNDS_PER_REPORT, REPORT_MS / periodMs);
  const reportsPerWindow = upTo(MAX_REPORTS_PER_WINDOW, WINDOW_MS / (roundsPerReport * periodMs));
  return { roundsPerReport, reportsPerWindow };
}
