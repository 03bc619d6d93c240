export { startWorker } from './start-worker.js';
export { openWorkerMetrics } from './moved-metrics.js';
export type { WorkerState } from './worker-options.js';
export { AsyncDiffWorker } from './worker.js';
