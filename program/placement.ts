import { AsyncDiffError } from '../common/errors/index.js';

export interface PlacementRequest {
  /** N as asked for; `auto`: one per worker, but for those that run component N as well. */
  readonly components: number | 'auto';
  /** S. */
  readonly stride: number;
  /** Workers there are, in the order in which they are to be used. */
  readonly workerIds: readonly string[];
}

/**
 * Workers of each component, from component 1. Several only for component N: replicas, over which its runs of a round are
 * spread. A worker that holds several components runs them one after another, in their order.
 */
export type Placement = readonly (readonly string[])[];

/**
 * Places N components on the workers, one each. Spare workers, up to S - 1, hold component N as well, so that its S
 * runs of a round happen at the same time (AsyncDiff spends N + S - 1 devices in this way). With fewer workers than
 * components, neighbours share one.
 */
export function placeComponents({ components, stride, workerIds }: PlacementRequest): Placement {
  const count = workerIds.length;
  if (count === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  const wanted = components === 'auto' ? Math.max(1, count - (stride - 1)) : components;
  const placement = Array.from({ length: wanted }, (_, index): string[] => {
    const slot = wanted <= count ? index : Math.floor((index * count) / wanted);
    return [workerIds[slot] as string];
  });
  const spare = workerIds.slice(wanted, wanted + stride - 1);
  placement[wanted - 1]?.push(...spare);
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
