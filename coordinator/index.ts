export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export { type CoordinatorMetrics, loadCoordinatorMetrics } from './jobs/index.js';
export { type RunningCoordinator, startCoordinator } from './start-coordinator.js';
