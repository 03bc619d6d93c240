export { type CriticalCycle, type CycleEdge, maxCycleMean } from '../common/max-plus/index.js';
export {
  type Cluster,
  type ClusterWorker,
  type CriticalEvent,
  type Link,
  type PredictedPeriod,
  predictPeriod,
} from '../partition/index.js';
export { type ChosenSettings, chooseSettings, type SettingChoices } from './choose-settings.js';
export { type IdealSpeedupInput, idealSpeedup, roundShare } from './ideal-speedup.js';
export { simulate } from './simulate.js';
export type { LinkLoad, Timeline, TimelineRound, TimelineSpan, WorkerLoad } from './timeline.js';
