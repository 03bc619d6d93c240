import { type Cluster, hopsOf, workersOf } from './cluster.js';
import type { Partition } from './partition.js';

/** Bytes of boundary tensors between workers in one round: each tensor once per worker that consumes it and did not make it. */
export function trafficBytes(partition: Partition, cluster: Cluster): number {
  return partition.boundaryTensors.reduce((sum, tensor) => {
    const from = workersOf(cluster, tensor.producer)[0]!;
    return sum + tensor.bytes * hopsOf(cluster, tensor, from).length;
  }, 0);
}
