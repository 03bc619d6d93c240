export { defaultCacheDir } from './artifact-cache.js';
export { type DeclaredDevice, openDeclaredDevice } from './declared-device.js';
export { AsyncDiffWorker, type WorkerOptions, type WorkerState } from './worker.js';
export type { WorkerLog } from './log.js';
