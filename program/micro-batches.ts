import type { BoundaryTensor, Partition, Segment } from './partition.js';

/** Name of a value of one micro-batch; with one micro-batch the value's own. */
export function microBatchName(name: string, microBatch: number, microBatches: number): string {
  return microBatches === 1 ? name : `${name}#${microBatch}`;
}

/** The value that a session calls by its own name, whichever micro-batch it computes: the inverse of {@link microBatchName}. */
export function sessionValueName(name: string, microBatches: number): string {
  return microBatches === 1 ? name : name.slice(0, name.lastIndexOf('#'));
}

/**
 * The partition by which a batch is computed in `count` micro-batches, each `1/count` of its rows, from the partition of one of
 * them (GPipe, arXiv 1811.06965, section 2.3). Segments and boundary tensors stand once per micro-batch; the copies of a segment
 * share its session. A component finishes one micro-batch before it begins the next, so that what it made travels meanwhile, and in a
 * synchronous step the components work as a pipeline. Rows do not depend on each other: nothing becomes stale.
 */
export function inMicroBatches(one: Partition, count: number): Partition {
  if (count === 1) return one;
  const batches = Array.from({ length: count }, (_, at) => at);
  const indexes = new Map<number, number>();
  const segments = stretches(one.segments).flatMap((stretch) =>
    batches.flatMap((microBatch) =>
      stretch.map((segment): Segment => {
        const index = indexes.get(segment.component) ?? 0;
        indexes.set(segment.component, index + 1);
        const named = (names: readonly string[]) =>
          names.map((name) => microBatchName(name, microBatch, count));
        return {
          ...segment,
          id: `${segment.session}b${microBatch}`,
          index,
          microBatch,
          localReads: named(segment.localReads),
          localWrites: named(segment.localWrites),
          boundaryReads: named(segment.boundaryReads),
          boundaryWrites: named(segment.boundaryWrites),
        };
      }),
    ),
  );
  return {
    ...one,
    microBatches: count,
    components: one.components.map((component) => ({ ...component, costMs: component.costMs * count })),
    segments,
    boundaryTensors: one.boundaryTensors.flatMap((tensor) =>
      batches.map(
        (microBatch): BoundaryTensor => ({ ...tensor, name: microBatchName(tensor.name, microBatch, count) }),
      ),
    ),
    broadcastBytes: one.broadcastBytes * count,
  };
}

/** Whether a segment's end completes a noise prediction: those of all micro-batches are there, since one worker runs them in order. */
export function completesNoise(partition: Partition, segment: Segment): boolean {
  return segment.writesOutput && segment.microBatch === partition.microBatches - 1;
}

/** Segments of one component that follow each other in a synchronous step: the head and the tail of a U-shape are two stretches. */
function stretches(segments: readonly Segment[]): Segment[][] {
  const found: Segment[][] = [];
  for (const segment of segments) {
    const last = found.at(-1);
    if (last?.[0]?.component === segment.component) last.push(segment);
    else found.push([segment]);
  }
  return found;
}
