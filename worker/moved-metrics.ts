import type { WorkerMetrics } from './metrics.js';

/** What is counted of tensors and jobs, where somebody looks at it (`--metrics-port`). */
export type MovedMetrics = Pick<WorkerMetrics, 'sent' | 'received' | 'jobEnded'>;

export interface Counted {
  /** Default: nothing is counted. */
  readonly metrics?: MovedMetrics | undefined;
}

/** The Prometheus client is loaded by whoever serves metrics. */
export async function openWorkerMetrics(): Promise<WorkerMetrics> {
  const { WorkerMetrics } = await import('./metrics.js');
  return new WorkerMetrics();
}
