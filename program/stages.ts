import { componentCount } from './guidance-split.js';
import type { BoundaryTensor, Partition, Segment } from './partition.js';

/**
 * A stretch of a component's segments that look ahead by the same number of rounds. A component is one stage; where component N
 * holds head and tail of a U-shape, it is two.
 */
export interface Stage {
  readonly component: number;
  /** In order of execution. */
  readonly segments: readonly Segment[];
  /** D, rounds from the one in which it computes to the one in which component N predicts noise from that. */
  readonly ahead: number;
  /** Whether it runs once for every step of a round (component N), not only for the last one. */
  readonly everyStep: boolean;
}

/** A search asks again and again for those of the partition that it is at. */
const known = new WeakMap<Partition, readonly Stage[]>();

/** The stages of a partition, in an order in which a synchronous step may run them. */
export function stagesOf(partition: Partition): readonly Stage[] {
  const stages = known.get(partition) ?? makeStages(partition);
  known.set(partition, stages);
  return stages;
}

function makeStages(partition: Partition): readonly Stage[] {
  const perHalf = componentCount(partition);
  // No tensor crosses from one half to the other: each has the stages that it would have alone.
  return Array.from({ length: partition.halves }, (_, half) => (half + 1) * perHalf).flatMap((last) =>
    stagesOfHalf(
      partition,
      partition.segments.filter(({ component }) => component > last - perHalf && component <= last),
      last,
    ),
  );
}

/** @param last component N of the half */
function stagesOfHalf(partition: Partition, segments: readonly Segment[], last: number): Stage[] {
  const isAlone = segments.every(({ component }) => component === last);
  const tailFrom = isAlone ? 0 : segments.findIndex(({ component }) => component !== last);
  const stretches: Segment[][] = [];
  for (const [at, segment] of segments.entries()) {
    const before = stretches.at(-1);
    const isHeadsEnd = at === tailFrom;
    if (before?.[0]?.component === segment.component && !isHeadsEnd) before.push(segment);
    else stretches.push([segment]);
  }
  const tensors = new Map(partition.boundaryTensors.map((tensor) => [tensor.name, tensor]));
  const stages: Stage[] = [];
  for (const own of stretches.toReversed()) {
    const component = own[0]!.component;
    const isHead = component === last && stages.some((stage) => stage.component !== last);
    const reach = stages.map((reader) => reader.ahead + roundsBetween(own, isHead, reader, tensors));
    stages.unshift({
      component,
      segments: own,
      ahead: Math.max(0, ...reach),
      everyStep: component === last,
    });
  }
  return stages;
}

/** Rounds that each segment looks ahead, by its id: a tensor is read so many rounds after it was made as its maker looks further than its reader. */
export function aheadOf(partition: Partition): ReadonlyMap<string, number> {
  return new Map(
    stagesOf(partition).flatMap(({ segments, ahead }) =>
      segments.map(({ id }): [string, number] => [id, ahead]),
    ),
  );
}

/**
 * The least rounds from one stage to another that reads of it. The head of a U-shape runs at the beginning of its worker's round, right
 * after the tail has made the latents known, so that what it makes is there for the same round of the component that reads it.
 */
function roundsBetween(
  own: readonly Segment[],
  isHead: boolean,
  reader: Stage,
  tensors: ReadonlyMap<string, BoundaryTensor>,
): number {
  const reads = new Set(reader.segments.flatMap(({ boundaryReads }) => boundaryReads));
  const lags = own
    .flatMap(({ boundaryWrites }) => boundaryWrites)
    .filter((name) => reads.has(name))
    .map((name) => (tensors.get(name)?.lag ?? 1) - (isHead ? 1 : 0));
  const locals = new Set(reader.segments.flatMap(({ localReads }) => localReads));
  const isLocal = own.some(({ localWrites }) => localWrites.some((name) => locals.has(name)));
  if (lags.length === 0)
    return isLocal && reader.component === own[0]!.component ? 0 : Number.NEGATIVE_INFINITY;
  return Math.max(...lags);
}
