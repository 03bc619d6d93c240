export { openWorkerMetrics } from './moved-metrics.js';
export { AsyncDiffWorker } from './worker.js';
