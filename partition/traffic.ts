import { type Cluster, hopsOf, workersOf } from './cluster.js';
import { sampleReaders, samplingWorker } from './latents.js';
import type { Partition } from './partition.js';

/**
 * Bytes between workers in one round: each boundary tensor once per worker that consumes it and did not make it, and the
 * latents where they come from a worker.
 */
export function trafficBytes(partition: Partition, cluster: Cluster): number {
  const sampling = samplingWorker(partition, cluster);
  const latentHops =
    sampling === undefined ? [] : hopsOf(cluster, { consumers: sampleReaders(partition) }, sampling);
  return partition.boundaryTensors.reduce((sum, tensor) => {
    const from = workersOf(cluster, tensor.producer)[0]!;
    return sum + tensor.bytes * hopsOf(cluster, tensor, from).length;
  }, latentHops.length * cluster.latentBytes);
}
