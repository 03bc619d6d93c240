import type { BoundaryTensor } from './partition.js';
import { type Placement, workersOf } from './placement.js';

/** One message of a boundary tensor; `via` is the hop that must have arrived at `from` first (same-host forwarding). */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly via: Hop | undefined;
}

/** Which worker holds what, and where it stands. */
export interface Sites {
  readonly placement: Placement;
  /** Host of a worker. */
  readonly hostOf: (workerId: string) => string;
}

/** Something that travels from its producer to its consumers. */
export type Travelling = Pick<BoundaryTensor, 'producer' | 'consumers'>;

/**
 * The ways of a tensor from the worker `from` that made it to every other worker that holds a consumer, each once. A host with
 * several of them gets it once: the first hands it on to the others. The same ways are deployed and predicted.
 */
export function hopsFrom({ producer, consumers }: Travelling, from: string, sites: Sites): Hop[] {
  const { placement, hostOf } = sites;
  const readers = new Set(consumers.flatMap((component) => workersOf(placement, component)));
  readers.delete(from);
  // With several makers (replicas of a U-shaped component N) a neighbour that hands on would deliver some tensors twice.
  if (workersOf(placement, producer).length > 1)
    return [...readers].map((to) => ({ from, to, via: undefined }));
  const entrances = new Map<string, Hop | undefined>([[hostOf(from), undefined]]);
  return [...readers].map((to) => {
    const host = hostOf(to);
    const via = entrances.get(host);
    const hop = { from: via?.to ?? from, to, via };
    if (!entrances.has(host)) entrances.set(host, hop);
    return hop;
  });
}

/** Those hops that bring the tensor to one of `readers`, at once or by a neighbour that hands it on. */
export function hopsServing(hops: readonly Hop[], readers: ReadonlySet<string>): Hop[] {
  return hops.filter(
    (hop) => readers.has(hop.to) || hops.some((next) => next.via === hop && readers.has(next.to)),
  );
}
