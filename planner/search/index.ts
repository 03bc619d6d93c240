export {
  type CostGraph,
  type GraphNode,
  type GraphValue,
  type SinglePass,
  wantedValues,
} from './cost-graph.js';
export { classifyNodes } from './dependence.js';
export { describePartition } from './describe.js';
export { type CriticalEvent, predictPeriod } from './period.js';
export {
  DEFAULT_LINK,
  type HostCopy,
  NO_HOST_COPY,
  type PartitionOptions,
  toLink,
  uniformCluster,
} from './search-options.js';
export { type Goal, type PlanVariant, rank, type Sketch } from './refine.js';
export { type Evaluated, partitionGraph, type PartitionSearch, priceOf, searchPartition } from './search.js';
