export { defaultCacheDir } from './artifact-cache.js';
export { type DeclaredDevice, openDeclaredDevice } from './declared-device.js';
export { AsyncDiffWorker, type WorkerLog, type WorkerOptions, type WorkerState } from './worker.js';
