import type { CoordinatorMetrics } from './metrics.js';

/** What is counted of jobs and workers, where somebody looks at it (`--metrics-port`). */
export type JobMetrics = Pick<
  CoordinatorMetrics,
  'workers' | 'queued' | 'jobStarted' | 'jobEnded' | 'workerLost' | 'jobDone'
>;

const ignore = (): void => undefined;

/** Counts nothing: the coordinator has no `--metrics-port`. */
export const NO_METRICS: JobMetrics = Object.freeze({
  workers: ignore,
  queued: ignore,
  jobStarted: ignore,
  jobEnded: ignore,
  workerLost: ignore,
  jobDone: ignore,
});

/** The Prometheus client is loaded by whoever serves metrics. */
export async function loadCoordinatorMetrics(): Promise<typeof CoordinatorMetrics> {
  return (await import('./metrics.js')).CoordinatorMetrics;
}
