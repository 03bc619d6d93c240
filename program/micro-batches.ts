import type { Halves } from './guidance-split.js';
import type { BoundaryTensor, Component, Partition, Segment } from './partition.js';

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
 *
 * @param halves 2: guidance split, the second half of the micro-batches is computed by components of its own; `count` is then even
 */
export function inMicroBatches(one: Partition, count: number, halves: Halves = 1): Partition {
  if (count === 1) return one;
  if (count % halves !== 0) throw new RangeError(`${count} micro-batches cannot be halved`);
  const perHalf = count / halves;
  const all = Array.from({ length: halves }, (_, half) => {
    const own = Array.from({ length: perHalf }, (_one, at) => half * perHalf + at);
    return halfOf(one, { own, count, halves, componentsBefore: half * one.components.length });
  });
  return {
    ...one,
    microBatches: count,
    halves,
    components: all.flatMap(({ components }) => components),
    segments: all.flatMap(({ segments }) => segments),
    boundaryTensors: all.flatMap(({ boundaryTensors }) => boundaryTensors),
    broadcastBytes: one.broadcastBytes * count,
  };
}

interface Half {
  /** Its micro-batches, of `count`. */
  readonly own: readonly number[];
  readonly count: number;
  readonly halves: Halves;
  readonly componentsBefore: number;
}

function halfOf(
  one: Partition,
  { own, count, halves, componentsBefore }: Half,
): Pick<Partition, 'components' | 'segments' | 'boundaryTensors'> {
  const indexes = new Map<number, number>();
  const segments = stretches(one.segments).flatMap((stretch) =>
    own.flatMap((microBatch) =>
      stretch.map((segment): Segment => {
        const index = indexes.get(segment.component) ?? 0;
        indexes.set(segment.component, index + 1);
        const named = (names: readonly string[]) =>
          names.map((name) => microBatchName(name, microBatch, count));
        return {
          ...segment,
          id: `${segment.session}b${microBatch}`,
          component: segment.component + componentsBefore,
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
    components: one.components.map(
      (component): Component => ({
        ...component,
        index: component.index + componentsBefore,
        costMs: component.costMs * own.length,
        share: component.share / halves,
      }),
    ),
    segments,
    boundaryTensors: one.boundaryTensors.flatMap((tensor) =>
      own.map(
        (microBatch): BoundaryTensor => ({
          ...tensor,
          name: microBatchName(tensor.name, microBatch, count),
          producer: tensor.producer + componentsBefore,
          consumers: tensor.consumers.map((component) => component + componentsBefore),
        }),
      ),
    ),
  };
}

/** Whether a segment's end completes the noise prediction of its half: those of its micro-batches are there, since one worker runs them in order. */
export function completesNoise({ microBatches, halves }: Partition, segment: Segment): boolean {
  return segment.writesOutput && (segment.microBatch + 1) % (microBatches / halves) === 0;
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
