import {
  type Cluster,
  hopsFrom,
  type Partition,
  sitesOf,
  type Travelling,
  travellingLatents,
  workersOf,
} from '../../program/index.js';

/**
 * Bytes between workers in one round: each boundary tensor once per worker that consumes it and did not make it, and the
 * latents where they come from a worker.
 */
export function trafficBytes(partition: Partition, cluster: Cluster): number {
  const sites = sitesOf(cluster);
  const crossings = (tensor: Travelling): number =>
    hopsFrom(tensor, workersOf(cluster.placement, tensor.producer)[0]!, sites).length;
  const latents = travellingLatents(partition, cluster.placement);
  return partition.boundaryTensors.reduce(
    (sum, tensor) => sum + tensor.bytes * crossings(tensor),
    latents.reduce((sum, one) => sum + cluster.latentBytes * crossings(one), 0),
  );
}
