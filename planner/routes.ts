import { type Partition, travellingLatents } from '../partition/index.js';
import { byComponent, type Placement } from './placement.js';

/** Where one worker's boundary tensors go. */
export interface WorkerRoutes {
  /** By boundary tensor: the workers that it is sent to from here, whether it was made here or is handed on. */
  readonly outgoing: ReadonlyMap<string, readonly string[]>;
  /** Workers that tensors come from: this worker dials them. */
  readonly producers: readonly string[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

/**
 * The way of every boundary tensor, and of the latents where a worker runs the sampler, each worker receiving it once. Where
 * several workers of one host read it, it crosses the network once: the first of them hands it on to the others.
 * @param hostOf host of a worker
 */
export function routeTensors(
  partition: Partition,
  placement: Placement,
  hostOf: (workerId: string) => string,
): Map<string, WorkerRoutes> {
  const outgoing = new Map<string, Map<string, string[]>>();
  const producers = new Map<string, Set<string>>();
  const latents = travellingLatents(partition, { placement: byComponent(placement) });
  const travelling = [...partition.boundaryTensors, ...(latents === undefined ? [] : [latents])];
  for (const { name, producer, consumers } of travelling) {
    const makers = placement.workersOf[producer - 1] ?? [];
    const readers = [...new Set(consumers.flatMap((component) => placement.workersOf[component - 1] ?? []))];
    for (const { from, to } of edges(makers, readers, hostOf)) {
      const byTensor = outgoing.get(from) ?? new Map<string, string[]>();
      outgoing.set(from, byTensor);
      const targets = byTensor.get(name) ?? [];
      byTensor.set(name, targets);
      if (!targets.includes(to)) targets.push(to);
      producers.set(to, (producers.get(to) ?? new Set()).add(from));
    }
  }
  const workers = new Set([...outgoing.keys(), ...producers.keys()]);
  return new Map(
    [...workers].map((id) => [
      id,
      {
        outgoing: outgoing.get(id) ?? new Map<string, string[]>(),
        producers: [...(producers.get(id) ?? [])],
      },
    ]),
  );
}

function edges(
  makers: readonly string[],
  readers: readonly string[],
  hostOf: (workerId: string) => string,
): Edge[] {
  const [maker] = makers;
  // With several makers (replicas of a U-shaped component N) a neighbour that hands on would deliver some tensors twice.
  if (makers.length !== 1 || maker === undefined)
    return makers.flatMap((from) => readers.filter((to) => to !== from).map((to) => ({ from, to })));
  const entrance = new Map<string, string>([[hostOf(maker), maker]]);
  const result: Edge[] = [];
  for (const to of readers) {
    if (to === maker) continue;
    const host = hostOf(to);
    result.push({ from: entrance.get(host) ?? maker, to });
    if (!entrance.has(host)) entrance.set(host, to);
  }
  return result;
}
