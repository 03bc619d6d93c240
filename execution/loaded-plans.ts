import { noisePartName } from '../program/index.js';
import type { LoadedSegment } from './load-segments.js';
import type { SegmentSpec } from './segment-spec.js';

/** The open sessions of each deployment, by segment. A deployment that is not known, or undefined, has none. */
export class LoadedPlans {
  readonly #plans = new Map<string, ReadonlyMap<string, LoadedSegment>>();

  add(deploymentId: string, segments: readonly LoadedSegment[]): void {
    this.#plans.set(deploymentId, new Map(segments.map((segment) => [segment.spec.id, segment])));
  }

  /** Forgets a deployment; its segments, to be released. */
  remove(deploymentId: string): readonly LoadedSegment[] {
    const segments = this.#of(deploymentId);
    this.#plans.delete(deploymentId);
    return segments;
  }

  segment(deploymentId: string | undefined, id: string): LoadedSegment | undefined {
    return this.#plans.get(deploymentId ?? '')?.get(id);
  }

  /** How many segments read a value that stays inside its component. */
  localReaders(deploymentId: string, name: string): number {
    return this.#of(deploymentId).filter(({ spec }) => spec.localReads.includes(name)).length;
  }

  /** Whether a segment reads the boundary tensor. */
  isRead(deploymentId: string, name: string): boolean {
    for (const { spec } of this.#plans.get(deploymentId)?.values() ?? [])
      if (spec.boundaryReads.includes(name) || isState(spec, name)) return true;
    return false;
  }

  /** Parts that a noise prediction is made of; undefined where there is no segment. */
  noiseParts(deploymentId: string | undefined): number | undefined {
    for (const { spec } of this.#plans.get(deploymentId ?? '')?.values() ?? []) return spec.microBatches;
    return undefined;
  }

  /** Names of the noise parts that segments here make. */
  ownNoise(deploymentId: string | undefined): ReadonlySet<string> {
    const making = this.#of(deploymentId).filter(({ spec }) => spec.output !== '');
    return new Set(making.map(({ spec }) => noisePartName(spec.microBatch)));
  }

  #of(deploymentId: string | undefined): readonly LoadedSegment[] {
    return [...(this.#plans.get(deploymentId ?? '')?.values() ?? [])];
  }
}

/** Whether a segment of a single-pass model reads it as the item before made it. */
function isState({ item }: SegmentSpec, name: string): boolean {
  return item?.states.some(({ value }) => value === name) === true;
}
