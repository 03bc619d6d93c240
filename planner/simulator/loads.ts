import type { Timeline, TimelineSpan } from './timeline.js';

/** How long each worker computed, and how long it waited between its first task and its last. */
export function simulatedLoads(
  workers: readonly string[],
  spans: readonly TimelineSpan[],
): Timeline['workers'] {
  return workers.map((worker) => {
    const own = spans.filter((span) => span.kind === 'compute' && span.worker === worker);
    const busyMs = own.reduce((sum, span) => sum + span.durationMs, 0);
    const first = own.reduce((least, span) => Math.min(least, span.startMs), Number.POSITIVE_INFINITY);
    const last = own.reduce((most, span) => Math.max(most, span.startMs + span.durationMs), 0);
    return { worker, busyMs, waitMs: own.length === 0 ? 0 : last - first - busyMs };
  });
}

/** What each link between workers carried. */
export function linkLoads(spans: readonly TimelineSpan[]): Timeline['links'] {
  const loads = new Map<string, { from: string; to: string; bytes: number; messages: number }>();
  for (const { kind, worker: from, to, bytes } of spans) {
    if (kind !== 'transfer' || to === undefined) continue;
    const load = loads.get(`${from} ${to}`) ?? { from, to, bytes: 0, messages: 0 };
    load.bytes += bytes ?? 0;
    load.messages++;
    loads.set(`${from} ${to}`, load);
  }
  return [...loads.values()];
}
