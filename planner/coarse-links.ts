import type { PlanRequest } from './plan.js';

/** Classes of a decade: 1, 3.16, 10. */
const CLASSES = 2;
const MIN_ROUND_TRIP_MS = 0.1;
const BITS = 8;

/**
 * The machines of a request with their links rounded to classes: 1, 3.16 or 10 times a power of ten, rates in bits. A choice that is made on them
 * does not change with the noise of a measurement.
 */
export function coarseMachines({
  workers,
  links,
}: Pick<PlanRequest, 'workers' | 'links'>): Pick<PlanRequest, 'workers' | 'links'> {
  return {
    workers: workers.map((worker) => ({ ...worker, roundTripMs: coarseMs(worker.roundTripMs) })),
    links: links.map((link) => ({
      ...link,
      roundTripMs: coarseMs(link.roundTripMs),
      bytesPerSecond: coarse(link.bytesPerSecond * BITS) / BITS,
    })),
  };
}

/** 0 stays: that is this host. */
function coarseMs(roundTripMs: number): number {
  return roundTripMs === 0 ? 0 : Math.max(MIN_ROUND_TRIP_MS, coarse(roundTripMs));
}

function coarse(value: number): number {
  return 10 ** (Math.round(CLASSES * Math.log10(value)) / CLASSES);
}
