import type { BoundaryTensor, Segment } from '../../program/index.js';
import { segmentBegins } from '../../program/index.js';

/**
 * The segments with their boundary writes in the order in which they should leave: first what is waited for soonest in its
 * consumer's round, and of those the smallest first, so that no small tensor waits behind a large one.
 */
export function inSendOrder(segments: readonly Segment[], tensors: readonly BoundaryTensor[]): Segment[] {
  const neededMs = new Map<string, number>();
  for (const [at, begin] of segmentBegins(segments).entries()) {
    for (const name of segments[at]!.boundaryReads) {
      neededMs.set(name, Math.min(neededMs.get(name) ?? Number.POSITIVE_INFINITY, begin));
    }
  }
  const bytes = new Map(tensors.map((tensor) => [tensor.name, tensor.bytes]));
  const before = (a: string, b: string): number =>
    (neededMs.get(a) ?? 0) - (neededMs.get(b) ?? 0) || bytes.get(a)! - bytes.get(b)!;
  return segments.map((segment) => ({ ...segment, boundaryWrites: segment.boundaryWrites.toSorted(before) }));
}
