export { type CriticalCycle, type CycleEdge, maxCycleMean } from '../../common/max-plus/index.js';
export { chooseSettings, type ChosenSettings, type SettingChoices } from './choose-settings.js';
export { idealSpeedup, type IdealSpeedupInput, roundShare } from './ideal-speedup.js';
export { simulate } from './simulate.js';
export type { LinkLoad, Timeline, TimelineRound, TimelineSpan, WorkerLoad } from './timeline.js';
