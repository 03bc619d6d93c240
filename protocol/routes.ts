import type { Due } from '../program/index.js';
import type { Route, Route__Output } from '../rpc/gen/asyncdiff/v1/Route.js';

/** @param isRelayed whether it goes to that worker through the coordinator */
export function toRouteMessage(
  name: string,
  targets: ReadonlyMap<string, Due>,
  isRelayed: (workerId: string) => boolean,
): Route {
  return {
    name,
    to: [...targets].map(([workerId, { asyncMs, syncMs }]) => ({
      workerId,
      asyncDueMs: asyncMs,
      syncDueMs: syncMs,
      relay: isRelayed(workerId),
    })),
  };
}

export function fromRouteMessage({ to }: Route__Output): Map<string, Due> {
  return new Map(
    to.map(({ workerId, asyncDueMs, syncDueMs }) => [workerId, { asyncMs: asyncDueMs, syncMs: syncDueMs }]),
  );
}
