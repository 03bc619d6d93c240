import { AsyncDiffError } from '../../common/errors/index.js';
import { assemblePartition } from './assemble.js';
import { candidateCuts } from './candidates.js';
import type { CostGraph } from './cost-graph.js';
import { explicitCuts } from './explicit-cuts.js';
import { type GraphIndex, indexGraph } from './graph-index.js';
import { componentsOf, type CutPositions, rangesOf } from './main-range.js';
import { type Goal, nameOf, type PlanVariant, Prices, rank, refine, type Sketch } from './refine.js';
import { inMicroBatches } from '../../program/index.js';
import { microCutRanges } from './micro-cuts.js';
import type { Partition } from '../../program/index.js';
import { hiddenPeriodMs, predictPeriod } from './period.js';
import { markRecomputed } from './recomputed-values.js';
import { trafficBytes } from './traffic.js';
import { type PartitionOptions, resolveOptions, type SearchOptions } from './search-options.js';

/** Periods within this factor count as equal; then less staleness or fewer sessions decide. */
const PERIOD_TIE = 1.01;
/** What halving the bytes is worth, as a part of the period: what the model leaves out of a transfer grows with its bytes. */
const HALVED_BYTES_WORTH = 0.05;
/** Under look-ahead the middle of a U-shape reads extrapolated tensors: ten times the error of a cut in sequence (docs/quality.md). */
const U_SHAPE_WORTH = 0.15;
/** Cuts that one refinement tries: fewer on large graphs, where each takes longer. */
const MAX_TRIED_NODES = 60_000;
const MIN_TRIES = 24;
const MAX_TRIES = 120;
/** Cuts per goal that are tried with micro-cuts and lag. */
const MAX_FINALISTS = 8;

/** A partition with the period that it was chosen for. */
export interface Evaluated extends Sketch {
  /** The partition of one micro-batch: its segments are the sessions. */
  readonly sessions: Partition;
  /** The ring cut whose tensors are two rounds old; undefined where none is. */
  readonly laggedCut: number | undefined;
}

/** The search for one graph and one cluster; its candidates are found once, however many variants are asked for. */
export interface PartitionSearch {
  readonly options: SearchOptions;
  /** The best partition with this many sessions per component and this lag, by the predicted period. */
  readonly best: (variant: PlanVariant) => Evaluated;
  /** The partitions that {@link best} chooses from; one where the cuts were named. */
  readonly finalists: (variant: PlanVariant) => Sketch[];
  /** Moves the cuts of one for as long as `goal` gets smaller, at most so many tries. Named cuts stay where they are. */
  readonly refine: (start: Sketch, variant: PlanVariant, goal: Goal, tries: number) => Sketch;
  /** The whole of a partition of this variant. */
  readonly whole: (sketch: Sketch, variant: PlanVariant) => Evaluated;
}

/**
 * Cuts a noise predictor into components so that an asynchronous round takes the shortest predicted time; halving the bytes
 * between workers is worth 5 per cent of it.
 *
 * @throws AsyncDiffError `partition_impossible`: more components than nodes between latents and prediction (the message says how many
 *   are possible), or a cut that cannot be made; `invalid_settings`: a number out of range.
 */
export function partitionGraph(graph: CostGraph, options: PartitionOptions): Partition {
  const variant = { microCuts: options.microCuts ?? 1, lag: options.lag ?? 1 };
  return searchPartition(graph, options).best(variant).partition;
}

/** As {@link partitionGraph}, for several variants of one plan. `microCuts` and `lag` of the options are not used. */
export function searchPartition(graph: CostGraph, options: PartitionOptions): PartitionSearch {
  const plain = indexGraph(graph);
  const explicit =
    options.cuts === undefined || options.cuts.length === 0
      ? undefined
      : explicitCuts(plain, options.cuts, options.shape === 'u-shaped' ? 'u-shaped' : 'sequential');
  const components = explicit === undefined ? options.components : componentsOf(explicit);
  const resolved = resolveOptions(graph, options, components);
  if (components > plain.mainNodes.length) {
    throw new AsyncDiffError(
      'partition_impossible',
      `${components} components: this model can be cut into at most ${plain.mainNodes.length}`,
    );
  }
  const index = markRecomputed(plain, resolved.recomputeShare);
  const finalists = explicit === undefined ? finalCuts(index, resolved) : [explicit];
  const prices = new Prices();
  const sketchOf =
    (variant: PlanVariant) =>
    (cuts: CutPositions): Sketch =>
      sketch(index, resolved, cuts, variant);
  const all = (variant: PlanVariant): Sketch[] => {
    checkVariant(variant);
    return finalists.map(sketchOf(variant));
  };
  const whole = ({ cuts }: Sketch, variant: PlanVariant): Evaluated =>
    evaluate(index, resolved, cuts, variant, true);
  return {
    options: resolved,
    best: (variant) => whole(preferred(all(variant), resolved), variant),
    finalists: all,
    refine: (start, variant, goal, tries) =>
      explicit === undefined
        ? refine(index.mainNodes.length, start, { variant, goal, tries, prices, sketch: sketchOf(variant) })
        : start,
    whole,
  };
}

/**
 * The few cuts that are worth trying with micro-cuts and lag: the best by the period as it is with one session per piece, and the
 * best by what remains of it when all waits for boundary tensors are hidden, each refined.
 */
function finalCuts(index: GraphIndex, options: SearchOptions): CutPositions[] {
  const candidates = candidateCuts(index, options).map((cuts) => sketch(index, options, cuts, PLAIN));
  if (options.components === 1) return candidates.map((candidate) => candidate.cuts);
  const plain: Goal = (one) => priceOf(one, one.predicted.periodMs, options);
  const hidden: Goal = (one) =>
    priceOf(one, hiddenPeriodMs(one.partition, options.cluster, options.stride), options);
  const finalists = new Map<string, CutPositions>();
  const prices = new Prices();
  for (const goal of [plain, hidden]) {
    const ranked = rank(candidates, goal).map(({ one }) => one);
    const starts = ['sequential', 'u-shaped'].flatMap((shape) =>
      ranked.filter((one) => one.cuts.shape === shape).slice(0, 1),
    );
    const count = index.mainNodes.length;
    const tries = Math.min(2 * count, MAX_TRIES, Math.max(MIN_TRIES, Math.floor(MAX_TRIED_NODES / count)));
    const refined = starts.map((start) =>
      refine(count, start, {
        variant: PLAIN,
        goal,
        tries,
        prices,
        sketch: (cuts) => sketch(index, options, cuts, PLAIN),
      }),
    );
    const best = rank([...candidates, ...refined], goal).slice(0, MAX_FINALISTS);
    for (const { cuts } of [...refined, ...best.map(({ one }) => one)]) finalists.set(nameOf(cuts), cuts);
  }
  return [...finalists.values()];
}

function checkVariant(variant: PlanVariant): void {
  for (const [name, value] of Object.entries(variant)) {
    if (Number.isInteger(value) && value >= 1 && (name !== 'lag' || value <= 2)) continue;
    throw new AsyncDiffError(
      'invalid_settings',
      `${name} must be a whole number of at least 1, not ${value}`,
    );
  }
}

const PLAIN: PlanVariant = Object.freeze({ microCuts: 1, lag: 1 });

function sketch(index: GraphIndex, options: SearchOptions, cuts: CutPositions, variant: PlanVariant): Sketch {
  return evaluate(index, options, cuts, variant, false);
}

function evaluate(
  index: GraphIndex,
  options: SearchOptions,
  cuts: CutPositions,
  { microCuts, lag }: PlanVariant,
  withNodes: boolean,
): Evaluated {
  const ranges =
    microCuts === 1
      ? rangesOf(cuts, index.mainNodes.length)
      : microCutRanges(index, cuts, microCuts, options.form);
  const withLag = (laggedCut: number | undefined): Evaluated => {
    const { form, hostCopy } = options;
    const sessions = assemblePartition(index, cuts, { form, hostCopy, ranges, laggedCut, withNodes });
    const partition = inMicroBatches(sessions, options.microBatches, options.halves);
    const predicted = predictPeriod(partition, options.cluster, options);
    return {
      cuts,
      partition,
      sessions,
      predicted,
      bytes: trafficBytes(partition, options.cluster),
      laggedCut,
    };
  };
  if (lag === 1 || options.components === 1) return withLag(undefined);
  const ring = ringCuts(cuts, options.components);
  return laterOf((options.laggedCut === undefined ? ring : [namedCut(options.laggedCut, ring)]).map(withLag));
}

function namedCut(laggedCut: number, ring: readonly number[]): number {
  if (ring.includes(laggedCut)) return laggedCut;
  throw new AsyncDiffError(
    'partition_impossible',
    `lagged_cut ${laggedCut}: the cuts of these components are ${ring.join(', ')}`,
    { hint: 'Name one of them with --lagged-cut, or leave it to the planner.' },
  );
}

/** Ring cut c lies between the components at places c and c+1 of the ring; a U-shape has one more, after its head. */
function ringCuts(cuts: CutPositions, components: number): number[] {
  const first = cuts.shape === 'u-shaped' ? 0 : 1;
  return Array.from({ length: components - first }, (_, at) => first + at);
}

/**
 * Of the partitions by ring cut, the last one whose period is within 1 % of the shortest. Every component behind the lagged cut
 * works on latents one round older (the age adds up along the main path), so the last cut makes the least work stale.
 */
function laterOf(byCut: readonly Evaluated[]): Evaluated {
  const shortest = Math.min(...byCut.map((one) => one.predicted.periodMs));
  return byCut.findLast((one) => one.predicted.periodMs <= shortest * PERIOD_TIE)!;
}

/** The one with the shortest period, unless another is hardly longer and moves far fewer bytes, or has less error. */
function preferred(all: readonly Sketch[], options: SearchOptions): Sketch {
  const priced = (one: Sketch) => priceOf(one, one.predicted.periodMs, options);
  return all.reduce((best, one) => (priced(one) < priced(best) ? one : best));
}

/**
 * Logarithm of a time, raised by 5 % for each doubling of the bytes, and by what a U-shape must be worth under look-ahead: what cuts are compared by.
 */
export function priceOf(
  { cuts, bytes }: Pick<Sketch, 'cuts' | 'bytes'>,
  timeMs: number,
  { lookAhead, components }: Pick<SearchOptions, 'lookAhead' | 'components'>,
): number {
  const isFurther = lookAhead && components > 1 && cuts.shape === 'u-shaped';
  const traffic = HALVED_BYTES_WORTH * Math.log2(Math.max(1, bytes));
  return Math.log(timeMs) + traffic + (isFurther ? U_SHAPE_WORTH : 0);
}
