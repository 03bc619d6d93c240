export { awaitWorkers, chooseWorkers, requireWorkers } from './choose-workers.js';
export { KnownWorkers } from './known-workers.js';
export { LinkClasses } from './link-classes.js';
export { LinkMeter } from './link-meter.js';
export { PairHealth } from './pair-health.js';
export { WorkerHandle } from './worker-handle.js';
export type {
  JobListener,
  OpeningStep,
  Opened,
  RelayCredit,
  RelayedFrame,
  WorkerProgress,
} from './worker-link.js';
export type { LossReason } from './worker-state.js';
export { WorkerRegistry } from './worker-registry.js';
export { workerStatus } from './worker-status.js';
export { devicesOf, shareDevice } from './worker-devices.js';
export type { WorkerLimitsMs } from './limits.js';
