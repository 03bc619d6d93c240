export { type CycleEdge, maxCycleMean } from './max-cycle-mean.js';
