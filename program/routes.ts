import { type Due, type DueClock, DueTimes } from './due-times.js';
import type { Partition } from './partition.js';
import { travellingNoise } from './guidance-split.js';
import { travellingLatents } from './latents.js';
import { hopsFrom } from './hops.js';
import { type Placement, workersOf } from './placement.js';
import type { VersionedTensor } from './task.js';

/** Where one worker's boundary tensors go. */
interface WorkerRoutes {
  /** By boundary tensor: the workers that it is sent to from here, whether it was made here or is handed on, and when it is due there. */
  readonly outgoing: ReadonlyMap<string, ReadonlyMap<string, Due>>;
  /** Workers that tensors come from: this worker dials them. */
  readonly producers: readonly string[];
}

/** The ways of all boundary tensors of a plan. */
export interface Routes {
  readonly byWorker: ReadonlyMap<string, WorkerRoutes>;
  readonly clock: DueClock;
}

/**
 * The way of every boundary tensor, of the latents where a worker runs the sampler, and of the noise predictions of a split batch's second
 * half, each worker receiving it once. Where
 * several workers of one host read it, it crosses the network once: the first of them hands it on to the others.
 * @param hostOf host of a worker
 * @param lookAhead of plans whose components look ahead
 */
export function routeTensors(
  partition: Partition,
  placement: Placement,
  hostOf: (workerId: string) => string,
  lookAhead?: { readonly stride: number },
): Routes {
  const outgoing = new Map<string, Map<string, Map<string, Due>>>();
  const producers = new Map<string, Set<string>>();
  const dues = new DueTimes(partition, placement, lookAhead);
  const latents = travellingLatents(partition, placement, lookAhead && { ...lookAhead, replicas: false });
  for (const tensor of [...partition.boundaryTensors, ...latents, ...travellingNoise(partition)]) {
    const { name } = tensor;
    const makers = workersOf(placement, tensor.producer);
    for (const { from, to } of makers.flatMap((maker) => hopsFrom(tensor, maker, { placement, hostOf }))) {
      const byTensor = outgoing.get(from) ?? new Map<string, Map<string, Due>>();
      outgoing.set(from, byTensor);
      const targets = byTensor.get(name) ?? new Map<string, Due>();
      byTensor.set(name, targets.set(to, dues.of(name, to)));
      producers.set(to, (producers.get(to) ?? new Set()).add(from));
    }
  }
  const workers = new Set([...outgoing.keys(), ...producers.keys()]);
  const byWorker = [...workers].map((id): [string, WorkerRoutes] => [
    id,
    { outgoing: outgoing.get(id) ?? new Map(), producers: [...(producers.get(id) ?? [])] },
  ]);
  return { byWorker: new Map(byWorker), clock: dues };
}

/** A version of a tensor, and the workers that read it. */
export interface ReadByWorkers extends VersionedTensor {
  readonly workers: ReadonlySet<string>;
}

/**
 * What one worker makes and would send in vain, by the worker that would get it: neither that one reads it nor a neighbour that it
 * hands it on to.
 * @param made what is made in a round, here or elsewhere
 */
export function unreadFrom(
  { byWorker }: Routes,
  from: string,
  made: readonly ReadByWorkers[],
): Map<string, VersionedTensor[]> {
  const unread = new Map<string, VersionedTensor[]>();
  const outgoing = byWorker.get(from)?.outgoing;
  for (const { name, version, workers } of made) {
    for (const to of outgoing?.get(name)?.keys() ?? []) {
      const handsOn = byWorker.get(to)?.outgoing.get(name)?.keys() ?? [];
      if ([to, ...handsOn].some((worker) => workers.has(worker))) continue;
      unread.set(to, [...(unread.get(to) ?? []), { name, version }]);
    }
  }
  return unread;
}
