export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export { type CoordinatorMetrics, loadCoordinatorMetrics } from './jobs/index.js';
export type { CoordinatorLog } from './log.js';
export {
  type RunningCoordinator,
  startCoordinator,
  type StartCoordinatorOptions,
} from './start-coordinator.js';
