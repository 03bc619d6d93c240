import type { Partition } from '../../program/index.js';

/** The partition as `asyncdiff plan --json` prints it. */
export interface PartitionDescription {
  readonly shape: string;
  readonly cuts: readonly string[];
  readonly bytes_per_round: number;
  readonly broadcast_bytes_per_round: number;
  readonly components: readonly ComponentDescription[];
}

export interface ComponentDescription {
  readonly component: number;
  /** Of the measured compute of the whole predictor; replicated nodes count in each component. */
  readonly share: number;
  readonly cost_ms: number;
  readonly nodes: number;
  readonly weight_bytes: number;
  readonly sessions: number;
  /** Values of other components that it computes again from the latents: fresh, never sent. */
  readonly recomputes: readonly string[];
  readonly receives: readonly ReceivedTensor[];
}

export interface ReceivedTensor {
  readonly name: string;
  readonly from: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Rounds between producing and consuming. */
  readonly lag: number;
}

/** What each component computes, holds and receives, as plain JSON. `bytes_per_round` counts one worker per component. */
export function describePartition(partition: Partition): PartitionDescription {
  const components = partition.components.map(({ index, share, costMs, nodeCount, weightBytes }) => ({
    component: index,
    share,
    cost_ms: costMs,
    nodes: nodeCount,
    weight_bytes: weightBytes,
    sessions: partition.segments.filter(
      ({ component, microBatch }) => component === index && microBatch === 0,
    ).length,
    recomputes: [
      ...new Set(
        partition.segments.flatMap(({ component, recomputes }) => (component === index ? recomputes : [])),
      ),
    ],
    receives: partition.boundaryTensors
      .filter((tensor) => tensor.consumers.includes(index))
      .map(({ name, producer, dtype, dims, bytes, lag }) => ({
        name,
        from: producer,
        dtype,
        shape: dims,
        bytes,
        lag,
      })),
  }));
  return {
    shape: partition.shape,
    cuts: partition.cuts,
    bytes_per_round: partition.boundaryTensors.reduce(
      (sum, tensor) => sum + tensor.bytes * tensor.consumers.length,
      0,
    ),
    broadcast_bytes_per_round: partition.broadcastBytes,
    components,
  };
}
