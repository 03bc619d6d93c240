import type { Partition, Segment } from './partition.js';

/**
 * The segments of one run of a component, in order. Only the last run of a round writes boundary tensors: of the others, only
 * what the noise prediction depends on is needed (not a head whose outputs all go to other components).
 */
export function segmentsOfRun(partition: Partition, component: number, isLastRun: boolean): Segment[] {
  const own = partition.segments.filter((segment) => segment.component === component);
  if (isLastRun) return own;
  const read = new Set<string>();
  const needed = own.toReversed().filter(({ writesOutput, localWrites, localReads }) => {
    if (!writesOutput && !localWrites.some((name) => read.has(name))) return false;
    for (const name of localReads) read.add(name);
    return true;
  });
  return needed.reverse();
}
