import type { BoundaryTensor, Segment } from './partition.js';

/**
 * The segments with their boundary writes in the order in which they should leave: first what is waited for soonest in its
 * consumer's round, and of those the smallest first, so that no small tensor waits behind a large one.
 */
export function inSendOrder(segments: readonly Segment[], tensors: readonly BoundaryTensor[]): Segment[] {
  const neededMs = new Map<string, number>();
  const beginMs = new Map<number, number>();
  for (const segment of segments) {
    const begin = beginMs.get(segment.component) ?? 0;
    beginMs.set(segment.component, begin + segment.costMs);
    for (const name of segment.boundaryReads) {
      neededMs.set(name, Math.min(neededMs.get(name) ?? Number.POSITIVE_INFINITY, begin));
    }
  }
  const bytes = new Map(tensors.map((tensor) => [tensor.name, tensor.bytes]));
  const before = (a: string, b: string): number =>
    neededMs.get(a)! - neededMs.get(b)! || bytes.get(a)! - bytes.get(b)!;
  return segments.map((segment) => ({ ...segment, boundaryWrites: segment.boundaryWrites.toSorted(before) }));
}
