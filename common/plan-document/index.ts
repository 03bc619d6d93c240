export type { PlannedComponent, PlannedPartition, ReceivedTensor } from './planned-partition.js';
