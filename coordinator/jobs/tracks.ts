/** Something with a beginning and an end, milliseconds. */
interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Lays intervals on as few tracks as they need for no two on a track to overlap (each goes on the first that is free): viewers show
 * what overlaps on one track wrongly. Returns the track of each interval, from 0, in the order given.
 */
export function layOnTracks(intervals: readonly Interval[]): number[] {
  const order = intervals.map((_, index) => index);
  order.sort((a, b) => (intervals[a] as Interval).startMs - (intervals[b] as Interval).startMs);
  const freeFrom: number[] = [];
  const tracks = intervals.map(() => 0);
  for (const index of order) {
    const { startMs, endMs } = intervals[index] as Interval;
    let track = freeFrom.findIndex((fromMs) => fromMs <= startMs);
    if (track < 0) track = freeFrom.push(0) - 1;
    freeFrom[track] = endMs;
    tracks[index] = track;
  }
  return tracks;
}
