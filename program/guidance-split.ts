import type { Partition } from './partition.js';
import type { TravellingLatents } from './latents.js';

/**
 * Guidance split: the unconditional and the conditional half of a batch on workers of their own. Components 1 to N compute the first
 * half, N+1 to 2N the second, on the same cuts. Nothing crosses from one half to the other but the noise prediction, which component
 * N of the first half joins; rows do not depend on each other, so nothing changes but where they are computed.
 */
export type Halves = 1 | 2;

type Counted = Pick<Partition, 'components' | 'halves'>;

/** N: components of one half, or of the whole batch where it is not split. */
export function componentCount({ components, halves }: Counted): number {
  return components.length / halves;
}

/** Whether a component makes noise predictions: component N, of either half. */
export function isLastComponent(partition: Counted, component: number): boolean {
  return component % componentCount(partition) === 0;
}

/** 1 to N: the component's place in its half. */
export function componentInHalf(partition: Counted, component: number): number {
  return ((component - 1) % componentCount(partition)) + 1;
}

const NOISE = 'asyncdiff:noise';

/** Name under which the noise prediction of one part of the batch goes to whoever joins them; version: the step. */
export function noisePartName(part: number): string {
  return `${NOISE}#${part}`;
}

/** The part whose noise prediction this is; undefined for another tensor. */
export function noisePartOf(name: string): number | undefined {
  return name.startsWith(`${NOISE}#`) ? Number(name.slice(NOISE.length + 1)) : undefined;
}

/** A noise prediction of the second half, on its way to component N of the first. */
export interface TravellingNoise extends TravellingLatents {
  /** Of the latents' bytes, those of one part. */
  readonly share: number;
}

/** The noise predictions that travel between workers; none where the batch is not split. */
export function travellingNoise(partition: Partition): TravellingNoise[] {
  if (partition.halves === 1) return [];
  const { components, microBatches, halves } = partition;
  const perHalf = microBatches / halves;
  return Array.from({ length: perHalf }, (_, at) => ({
    name: noisePartName(perHalf + at),
    producer: components.length,
    consumers: [componentCount(partition)],
    share: 1 / perHalf,
  }));
}
