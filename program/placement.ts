import { AsyncDiffError } from '../common/errors/index.js';

export interface PlacementRequest {
  /** N as asked for; 0 to choose. */
  readonly components: number;
  /** S. */
  readonly stride: number;
  /** Workers there are, in the order in which they are to be used. */
  readonly workerIds: readonly string[];
}

/** Which worker holds which component. */
export interface Placement {
  readonly components: number;
  /** Workers of each component, from component 1. Several only for component N: its runs of a round are spread over them. */
  readonly workersOf: readonly (readonly string[])[];
}

/**
 * Places N components on the workers, one each. Spare workers, up to S - 1, hold component N as well, so that its S
 * runs of a round happen at the same time (AsyncDiff spends N + S - 1 devices in this way). With fewer workers than
 * components, neighbours share one.
 */
export function placeComponents({ components, stride, workerIds }: PlacementRequest): Placement {
  const count = workerIds.length;
  if (count === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  const wanted = components > 0 ? components : Math.max(1, count - (stride - 1));
  const workersOf = Array.from({ length: wanted }, (_, index): string[] => {
    const slot = wanted <= count ? index : Math.floor((index * count) / wanted);
    return [workerIds[slot] as string];
  });
  const spare = workerIds.slice(wanted, wanted + stride - 1);
  workersOf[wanted - 1]?.push(...spare);
  return { components: wanted, workersOf };
}

/** The same as partition search and simulator take it: workers by component. */
export function byComponent({ workersOf }: Placement): Map<number, readonly string[]> {
  return new Map(workersOf.map((ids, index) => [index + 1, ids]));
}

/** Every worker that holds something, in the order of their components. */
export function placedWorkers({ workersOf }: Placement): string[] {
  return [...new Set(workersOf.flat())];
}
