/** Something that is waited for in this process. */
export interface OpenWait {
  /** In words, with whom it is waited for: `worker w1: plan 3f0c deployed`. */
  readonly what: string;
  /** `performance.now()` when the waiting began. */
  readonly sinceMs: number;
  /** Time without progress after which it fails, milliseconds; undefined where another wait bounds it. */
  readonly withinMs: number | undefined;
}

const open = new Set<OpenWait>();

export function addWait(wait: OpenWait): void {
  open.add(wait);
}

export function removeWait(wait: OpenWait): void {
  open.delete(wait);
}

/** Everything that this process (or thread) waits for now, the longest first. */
export function openWaits(): OpenWait[] {
  return [...open].sort((a, b) => a.sinceMs - b.sinceMs);
}

/** The same as lines of text, for a log or a terminal. */
export function describeWaits(nowMs: number = performance.now()): string[] {
  return openWaits().map(({ what, sinceMs, withinMs }) => {
    const limit = withinMs === undefined ? 'no limit of its own' : `limit ${(withinMs / 1000).toFixed(1)} s`;
    return `${what}: for ${((nowMs - sinceMs) / 1000).toFixed(1)} s, ${limit}`;
  });
}
