import type { Partition } from '../../program/index.js';
import type { CutPositions } from './main-range.js';
import type { PredictedPeriod } from './period.js';

/** The longest move of a cut, as a power of two. */
const MAX_STEP_LOG2 = 5;

/** A partition as far as its time depends on it: without the nodes and weights of its segments. */
export interface Sketch {
  readonly cuts: CutPositions;
  /** As it runs: in its micro-batches. */
  readonly partition: Partition;
  readonly predicted: PredictedPeriod;
  /** Bytes between workers per round. */
  readonly bytes: number;
}

/** Sessions and lag of a plan; what else there is to choose once the cuts are known. */
export interface PlanVariant {
  readonly microCuts: number;
  readonly lag: 1 | 2;
}

/** By what two cuts are compared in a search: smaller is better. */
export type Goal = (one: Sketch) => number;

/** With their prices, the best first. */
export function rank(all: readonly Sketch[], goal: Goal): { one: Sketch; price: number }[] {
  return all.map((one) => ({ one, price: goal(one) })).sort((a, b) => a.price - b.price);
}

/** How the cuts of a partition are moved. */
interface Refinement {
  readonly variant: PlanVariant;
  readonly goal: Goal;
  readonly tries: number;
  readonly prices: Prices;
  /** The partition of this variant that cuts make. */
  readonly sketch: (cuts: CutPositions) => Sketch;
}

/** Prices of cuts that were tried: moves at random come back to them, on small graphs most of the time. */
export class Prices {
  readonly #byGoal = new Map<Goal, Map<string, number>>();

  of(goal: Goal, variant: PlanVariant, cuts: CutPositions): number | undefined {
    return this.#byGoal.get(goal)?.get(keyOf(variant, cuts));
  }

  keep(goal: Goal, variant: PlanVariant, cuts: CutPositions, price: number): void {
    const prices = this.#byGoal.get(goal) ?? new Map<string, number>();
    this.#byGoal.set(goal, prices.set(keyOf(variant, cuts), price));
  }
}

function keyOf({ microCuts, lag }: PlanVariant, cuts: CutPositions): string {
  return `${microCuts} ${lag} ${nameOf(cuts)}`;
}

/** The same for equal cuts. */
export function nameOf({ shape, positions }: CutPositions): string {
  return `${shape} ${positions.join(' ')}`;
}

/** Moves cuts by a few nodes, one or two neighbours at a time, wherever that serves the goal or costs it nothing. */
export function refine(
  count: number,
  start: Sketch,
  { variant, goal, tries, prices, sketch }: Refinement,
): Sketch {
  const next = numbers();
  let best = start;
  let bestScore = goal(start);
  for (let tried = 0; tried < tries; tried++) {
    const { shape, positions } = best.cuts;
    const first = next(positions.length);
    const last = next(4) === 0 ? first + 1 : first;
    const step = 2 ** next(MAX_STEP_LOG2 + 1) * (next(2) === 0 ? 1 : -1);
    const moved = positions.map((position, at) => (at >= first && at <= last ? position + step : position));
    const edges = [0, ...moved, count];
    if (edges.some((edge, at) => at > 0 && edge <= edges[at - 1]!)) continue;
    const cuts = { shape, positions: moved };
    const known = prices.of(goal, variant, cuts);
    if (known !== undefined && known > bestScore) continue;
    const other = sketch(cuts);
    const score = goal(other);
    prices.keep(goal, variant, cuts, score);
    if (score > bestScore) continue;
    best = other;
    bestScore = score;
  }
  return best;
}

/** Numbers below `limit` that look random and are the same in every run: a plan must not depend on chance. */
function numbers(): (limit: number) => number {
  let state = 1;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
}
