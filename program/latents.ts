import type { BoundaryTensor, Partition } from './partition.js';
import { type Placement, workersOf } from './placement.js';

/** Name under which the latents travel between workers; version: the step. No value of a graph that PyTorch exports is called so. */
export const LATENTS = 'asyncdiff:latents';

/**
 * The worker that runs the sampler beside its component: component N's, where it has one only. Replicas of component N have
 * a noise prediction each, so the coordinator's sampler serves everyone then (undefined).
 */
export function samplingWorker(partition: Partition, placement: Placement): string | undefined {
  const holders = workersOf(placement, partition.components.length);
  return holders.length === 1 ? holders[0] : undefined;
}

/** The latents as something that travels between workers, like a boundary tensor; undefined where they come from the coordinator. */
export function travellingLatents(
  partition: Partition,
  placement: Placement,
): Pick<BoundaryTensor, 'name' | 'producer' | 'consumers'> | undefined {
  if (samplingWorker(partition, placement) === undefined) return undefined;
  const readers = partition.segments.filter((segment) => segment.readsSample);
  const consumers = [...new Set(readers.map((segment) => segment.component))].sort((a, b) => a - b);
  return { name: LATENTS, producer: partition.components.length, consumers };
}
