export { chooseWorkers, requireWorkers } from './choose-workers.js';
export { LinkMeter } from './link-meter.js';
export { WorkerHandle } from './worker-handle.js';
export type { ArtifactSource, JobListener } from './worker-link.js';
export { WorkerRegistry } from './worker-registry.js';
export { workerStatus } from './worker-status.js';
