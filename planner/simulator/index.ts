export { type CriticalCycle, type CycleEdge, maxCycleMean } from '../../common/max-plus/index.js';
export { chooseSettings } from './choose-settings.js';
export { idealSpeedup, roundShare } from './ideal-speedup.js';
export { simulate } from './simulate.js';
export type { WorkerLoad } from './timeline.js';
