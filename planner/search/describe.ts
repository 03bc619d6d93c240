import type { PlannedPartition } from '../../common/plan-document/index.js';
import { componentCount, type Partition } from '../../program/index.js';

/**
 * What each component computes, holds and receives, as plain JSON; where guidance is split, of the first half: the second is like it.
 * `bytes_per_round` counts one worker per component, of both halves.
 */
export function describePartition(partition: Partition): PlannedPartition {
  const components = partition.components
    .slice(0, componentCount(partition))
    .map(({ index, share, costMs, nodeCount, weightBytes }) => ({
      component: index,
      share: share * partition.halves,
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
