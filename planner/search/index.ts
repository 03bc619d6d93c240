export {
  changingInputs,
  type CostGraph,
  type GraphNode,
  type GraphValue,
  type SinglePass,
  wantedValues,
} from './cost-graph.js';
export { classifyNodes, type NodeKind } from './dependence.js';
export { describePartition } from './describe.js';
export type { EventKind } from './period-system.js';
export type { PartitionShape } from './main-range.js';
export { type CriticalEvent, type PredictedPeriod, predictPeriod } from './period.js';
export {
  DEFAULT_LINK,
  type HostCopy,
  type LinkCost,
  NO_HOST_COPY,
  type PartitionOptions,
  type SearchOptions,
  toLink,
  uniformCluster,
} from './search-options.js';
export { type Goal, type PlanVariant, rank, type Sketch } from './refine.js';
export {
  type Evaluated,
  partitionGraph,
  type PartitionSearch,
  priceOf,
  searchPartition,
} from './search.js';
export { trafficBytes } from './traffic.js';
export type { WireDType } from './wire-form.js';
