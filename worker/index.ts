export { defaultCacheDir } from './artifact-cache.js';
export { AsyncDiffWorker, type WorkerLog, type WorkerOptions, type WorkerState } from './worker.js';
