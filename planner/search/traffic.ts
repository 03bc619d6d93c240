import { type Cluster, hopsOf, workersOf } from '../../program/index.js';
import { travellingLatents } from '../../program/index.js';
import type { BoundaryTensor, Partition } from '../../program/index.js';

/**
 * Bytes between workers in one round: each boundary tensor once per worker that consumes it and did not make it, and the
 * latents where they come from a worker.
 */
export function trafficBytes(partition: Partition, cluster: Cluster): number {
  const crossings = ({ producer, consumers }: Pick<BoundaryTensor, 'producer' | 'consumers'>): number =>
    hopsOf(cluster, { consumers }, workersOf(cluster, producer)[0]!).length;
  const latents = travellingLatents(partition, cluster);
  return partition.boundaryTensors.reduce(
    (sum, tensor) => sum + tensor.bytes * crossings(tensor),
    latents === undefined ? 0 : cluster.latentBytes * crossings(latents),
  );
}
