import { componentCount } from './guidance-split.js';
import type { Partition } from './partition.js';
import { type Placement, workersOf } from './placement.js';
import type { LookAheadSchedule } from './rounds.js';
import { type Stage, stagesOf } from './stages.js';
import type { Travelling } from './hops.js';

/** Name under which the latents travel between workers; version: the step. No value of a graph that PyTorch exports is called so. */
export const LATENTS = 'asyncdiff:latents';

const ITEM = 'asyncdiff:item:';

/** Name under which an input of a single-pass model goes to who reads it; version: the item. */
export function itemInputName(input: string): string {
  return `${ITEM}${input}`;
}

/**
 * Name of latents that are predicted, by the place in the program that they are for; version: the step whose latents were known.
 * @param rounds that the step they are for lies ahead: 0 for runs of component N that cannot wait for the real ones
 * @param run run of component N that they are for; undefined: the last step of that round
 */
export function predictedLatents(rounds: number, run?: number): string {
  return `${LATENTS}+${rounds}${run === undefined ? '' : `.${run}`}`;
}

/**
 * Name of the latents that a run of a stage reads in an asynchronous round.
 * @param rounds that what it computes is for lies ahead: the stage's own distance, or less in a synchronous step
 */
export function latentsName(
  { everyStep }: Pick<Stage, 'everyStep'>,
  rounds: number,
  run: number,
  { replicas }: LookAheadSchedule,
): string {
  if (rounds > 0) return predictedLatents(rounds, everyStep ? run : undefined);
  return run > 0 && replicas ? predictedLatents(0, run) : LATENTS;
}

/** Whether these are latents, known or predicted, or an input of an item: what is kept by the step that reads it. */
export function isLatents(name: string): boolean {
  return name === LATENTS || name.startsWith(`${LATENTS}+`) || name.startsWith(ITEM);
}

/**
 * The worker that runs the sampler beside its component: component N's (of the first half, where guidance is split), where it has
 * one only. Replicas of component N have a noise prediction each, so the coordinator's sampler serves everyone then (undefined).
 */
export function samplingWorker(partition: Partition, placement: Placement): string | undefined {
  const holders = workersOf(placement, componentCount(partition));
  return holders.length === 1 ? holders[0] : undefined;
}

/** Something under a name of its own that travels. */
export interface TravellingLatents extends Travelling {
  readonly name: string;
}

/**
 * The latents as what travels between workers, like boundary tensors; none where they come from the coordinator.
 * @param stride S, with look-ahead: how many predictions a U-shape's head may need for a round
 */
export function travellingLatents(
  partition: Partition,
  placement: Placement,
  lookAhead?: LookAheadSchedule & { readonly stride: number },
): TravellingLatents[] {
  if (samplingWorker(partition, placement) === undefined) return [];
  return latentsRead(partition, lookAhead);
}

/** The same, whoever makes them: by name, the components that read them. */
function latentsRead(
  partition: Partition,
  lookAhead?: LookAheadSchedule & { readonly stride: number },
): TravellingLatents[] {
  const readers = new Map<string, Set<number>>();
  const add = (name: string, component: number): void => {
    readers.set(name, (readers.get(name) ?? new Set()).add(component));
  };
  for (const { component, segments, ahead, everyStep } of stagesOf(partition)) {
    if (!segments.some(({ readsSample }) => readsSample)) continue;
    add(LATENTS, component);
    if (lookAhead === undefined) continue;
    for (let rounds = 1; rounds <= ahead; rounds++) {
      if (!everyStep) add(predictedLatents(rounds), component);
      else for (let run = 0; run < lookAhead.stride; run++) add(predictedLatents(rounds, run), component);
    }
    if (everyStep && ahead === 0 && lookAhead.replicas)
      for (let run = 1; run < lookAhead.stride; run++) add(predictedLatents(0, run), component);
  }
  return [...readers].map(([name, components]) => ({
    name,
    producer: componentCount(partition),
    consumers: [...components].sort((a, b) => a - b),
  }));
}
