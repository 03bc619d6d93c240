import type { Segment } from './partition.js';

/** For each segment: the compute of its component's segments before it, milliseconds. */
export function segmentBegins(segments: readonly Segment[]): number[] {
  const begins = new Map<number, number>();
  return segments.map(({ component, costMs }) => {
    const begin = begins.get(component) ?? 0;
    begins.set(component, begin + costMs);
    return begin;
  });
}
