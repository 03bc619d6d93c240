export type { CostGraph, GraphNode, GraphValue } from './cost-graph.js';
export type { BoundaryTensor, Component, Partition, Segment } from './partition.js';
