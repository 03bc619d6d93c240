import { partitionGraph } from '../../planner/search/index.js';
import type { ScheduleSettings } from '../../program/index.js';
import { chainGraph } from './random-graph.js';

export const chainOf = (
  components: number,
  lag: 1 | 2 = 1,
  shape: 'sequential' | 'u-shaped' = 'sequential',
) =>
  partitionGraph(chainGraph([1, 1, 1, 1].slice(0, components + (shape === 'u-shaped' ? 1 : 0))), {
    components,
    shape,
    lag,
  });

export const ahead = (numInferenceSteps: number, more: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  numInferenceSteps,
  stride: 1,
  warmUp: 2,
  timeShift: false,
  lookAhead: { replicas: false },
  ...more,
});
