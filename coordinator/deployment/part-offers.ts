import { gigabytes } from '../../common/byte-text.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { WorkerHandle } from '../workers/index.js';

/** What speaks for a worker to run a part. */
export interface PartOffer<W extends Pick<WorkerHandle, 'name'> = WorkerHandle> {
  readonly worker: W;
  /** It has the part open. */
  readonly isOpen: boolean;
  /** A job's rounds, or the loading of a plan, would share the device with it. */
  readonly isBusy: boolean;
  /** Runs of parts that are under way there. */
  readonly runs: number;
  readonly roomBytes: number;
  /** Whether it has the room, once parts that nobody uses are closed. */
  readonly fits: boolean;
}

/** Workers that can run a part, the best first: not busy, has it open, fewest runs, most room. The same offers give the same order. */
export function rankOffers<W extends Pick<WorkerHandle, 'name'>>(
  offers: readonly PartOffer<W>[],
): PartOffer<W>[] {
  return offers
    .filter(({ fits }) => fits)
    .sort(
      (a, b) =>
        Number(a.isBusy) - Number(b.isBusy) ||
        Number(b.isOpen) - Number(a.isOpen) ||
        a.runs - b.runs ||
        // Infinity minus Infinity is NaN: two workers that do not tell their memory are equal.
        (a.roomBytes === b.roomBytes ? 0 : b.roomBytes - a.roomBytes),
    );
}

/** `memory_exceeded` with what is needed and what each worker has. */
export function memoryShortage(
  part: string,
  needBytes: number,
  offers: readonly PartOffer<Pick<WorkerHandle, 'name'>>[],
): AsyncDiffError {
  const figures = offers.map(
    ({ worker, roomBytes }) => `${worker.name} has ${gigabytes(Math.max(0, roomBytes))}`,
  );
  return new AsyncDiffError(
    'memory_exceeded',
    `no worker has room for ${part}, which needs ${gigabytes(needBytes)}: ${figures.join(', ')}`,
    {
      hint: 'Give a worker more memory (worker --memory-gb), ask for a smaller picture, or for tiles (--vae-tiling on).',
    },
  );
}
