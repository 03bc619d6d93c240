import type { PlanRequest } from '../planner/index.js';

const LINK_ROUND_TRIP_MS = 0.2;

/** Workers alike, on this host or on one each, and the ways between them. */
export function alike(count: number, linkGbit: number | undefined): Pick<PlanRequest, 'workers' | 'links'> {
  const roundTripMs = linkGbit === undefined ? 0 : LINK_ROUND_TRIP_MS;
  const workers = Array.from({ length: count }, (_, at) => ({
    id: `worker-${at + 1}`,
    hostId: linkGbit === undefined ? 'local' : `host-${at + 1}`,
    speed: 1,
    roundTripMs,
  }));
  if (linkGbit === undefined) return { workers, links: [] };
  const bytesPerSecond = (linkGbit * 1e9) / 8;
  const links = workers.flatMap(({ id: from }) =>
    workers.filter(({ id }) => id !== from).map(({ id: to }) => ({ from, to, roundTripMs, bytesPerSecond })),
  );
  return { workers, links };
}
