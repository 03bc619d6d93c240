export { type CriticalCycle, type CycleEdge, maxCycleMean } from './max-cycle-mean.js';
