export { type RunningWorker, startWorker, type StartWorkerOptions } from './start-worker.js';
export type { WorkerLog } from './log.js';
export { openWorkerMetrics } from './moved-metrics.js';
export type { WorkerOptions, WorkerState } from './worker-options.js';
export { AsyncDiffWorker } from './worker.js';
