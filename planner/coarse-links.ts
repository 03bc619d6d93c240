import type { PlanRequest } from './plan.js';

/** The machines of a request. */
export type Machines = Pick<PlanRequest, 'workers' | 'links'>;

/** A class of a link that was found before; undefined where none was. Of a worker's link to the coordinator `to` is empty. */
type KnownClass = (from: string, to: string) => LinkClass | undefined;

export interface LinkClass {
  readonly roundTripMs: number;
  /** 0 for a link to the coordinator, which is not measured. */
  readonly bytesPerSecond: number;
}

/** Classes in a factor of ten: 1, 3.16, 10. */
const CLASSES = 2;
const MIN_ROUND_TRIP_MS = 0.1;
const BITS = 8;
/** So far beyond the edge of a class, as a part of a class, a link stays in the one it was in: measured rates differ by 10 or 20 per cent. */
const STAYS = 0.25;

/**
 * The machines of a request with their links in classes: 1, 3.16 or 10 times a power of ten, rates in bits. A choice or a cut that is searched on
 * them does not change with the noise of a measurement. What has a class keeps it.
 *
 * @param known classes that links had before: near the edge of one, a link stays where it was
 */
export function coarseMachines(
  { workers, links, classed }: Machines & Pick<PlanRequest, 'classed'>,
  known: KnownClass = () => undefined,
): Machines {
  return (
    classed ?? {
      workers: workers.map((worker) => ({
        ...worker,
        roundTripMs: coarseMs(worker.roundTripMs, known(worker.id, '')?.roundTripMs),
      })),
      links: links.map((link) => {
        const before = known(link.from, link.to);
        return {
          ...link,
          roundTripMs: coarseMs(link.roundTripMs, before?.roundTripMs),
          bytesPerSecond: coarse(link.bytesPerSecond * BITS, (before?.bytesPerSecond ?? 0) * BITS) / BITS,
        };
      }),
    }
  );
}

/** 0 stays: that is this host. */
function coarseMs(roundTripMs: number, before: number | undefined): number {
  return roundTripMs === 0 ? 0 : Math.max(MIN_ROUND_TRIP_MS, coarse(roundTripMs, before));
}

function coarse(value: number, before = 0): number {
  const place = CLASSES * Math.log10(value);
  const known = Math.round(CLASSES * Math.log10(before));
  const isNear = before > 0 && Math.abs(place - known) <= 0.5 + STAYS;
  return 10 ** ((isNear ? known : Math.round(place)) / CLASSES);
}
