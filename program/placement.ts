import { AsyncDiffError } from '../common/errors/index.js';
import type { Halves } from './guidance-split.js';

interface PlacementRequest {
  /** N as asked for; `auto`: one per worker, but for those that run component N as well. */
  readonly components: number | 'auto';
  /** S. */
  readonly stride: number;
  /** Guidance split: 2 where each half of the batch has components of its own. Default 1. */
  readonly halves?: Halves | undefined;
  /** Workers there are, in the order in which they are to be used. */
  readonly workerIds: readonly string[];
}

/**
 * Workers of each component, from component 1 (of the first half, where guidance is split). Several only for component N: replicas, over which its runs of a round are
 * spread. A worker that holds several components runs them one after another, in their order.
 */
export type Placement = readonly (readonly string[])[];

/**
 * Places N components on the workers, one each; with guidance split both halves' (component 1 of both halves first), which
 * {@link Placement} has one half after the other. Spare workers, up to S - 1 for each half, hold component N as well, so that its S
 * runs of a round happen at the same time (AsyncDiff spends N + S - 1 devices in this way). With fewer workers than
 * components, neighbours share one: first the two halves of a component, which have the same weights.
 */
export function placeComponents({ components, stride, halves = 1, workerIds }: PlacementRequest): Placement {
  const count = workerIds.length;
  if (count === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  const spares = stride - 1;
  const wanted = components === 'auto' ? Math.max(1, Math.floor(count / halves) - spares) : components;
  const slots = wanted * halves;
  const placement: string[][] = Array.from({ length: slots }, () => []);
  for (let slot = 0; slot < slots; slot++) {
    const [component, half] = [Math.floor(slot / halves), slot % halves];
    const worker = slots <= count ? slot : Math.floor((slot * count) / slots);
    placement[half * wanted + component] = [workerIds[worker] as string];
  }
  for (const [at, spare] of workerIds.slice(slots, slots + spares * halves).entries())
    placement[((at % halves) + 1) * wanted - 1]?.push(spare);
  return placement;
}

/** Workers of a component. */
export function workersOf(placement: Placement, component: number): readonly string[] {
  const workers = placement[component - 1];
  if (workers === undefined || workers.length === 0)
    throw new RangeError(`component ${component} has no worker`);
  return workers;
}

/** The worker of one run of a component: run j of component N goes to replica j modulo their number. */
export function workerOfRun(placement: Placement, component: number, run: number): string {
  const workers = workersOf(placement, component);
  return workers[run % workers.length]!;
}

/** Every worker that holds something, in the order of their components. */
export function placedWorkers(placement: Placement): string[] {
  return [...new Set(placement.flat())];
}
