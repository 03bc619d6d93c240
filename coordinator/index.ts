export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export type { CoordinatorLog } from './log.js';
