import {
  type Cluster,
  hopsFrom,
  type Partition,
  sitesOf,
  type Travelling,
  travellingLatents,
  travellingNoise,
  workersOf,
} from '../../program/index.js';

/**
 * Bytes between workers in one round: each boundary tensor once per worker that consumes it and did not make it, the
 * latents where they come from a worker, and the noise predictions of a split batch's second half.
 */
export function trafficBytes(partition: Partition, cluster: Cluster): number {
  const sites = sitesOf(cluster);
  const crossings = (tensor: Travelling): number =>
    hopsFrom(tensor, workersOf(cluster.placement, tensor.producer)[0]!, sites).length;
  const latents = travellingLatents(partition, cluster.placement);
  const noise = travellingNoise(partition);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return (
    sum(partition.boundaryTensors.map((tensor) => tensor.bytes * crossings(tensor))) +
    sum(latents.map((one) => cluster.latentBytes * crossings(one))) +
    sum(noise.map((one) => cluster.latentBytes * one.share * crossings(one)))
  );
}
