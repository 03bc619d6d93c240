import {
  type CostGraph,
  type Evaluated,
  type Goal,
  type PartitionOptions,
  type PartitionSearch,
  type PlanVariant,
  priceOf,
  rank,
  searchPartition,
  type Sketch,
} from '../search/index.js';
import { samplingWorker } from '../../program/index.js';
import { simulate } from './simulate.js';

interface SettingChoices {
  /** Sessions per component to try. Default 1..4. */
  readonly microCuts?: readonly number[] | undefined;
  /** Lags to try. Default 1 alone: tensors two rounds old cost quality. */
  readonly lags?: readonly (1 | 2)[] | undefined;
}

/** A variant that was tried, with its predicted period. */
interface TriedSettings extends PlanVariant {
  readonly periodMs: number;
}

/** The settings that were chosen, and the plan that they make. */
interface ChosenSettings extends Evaluated, PlanVariant {
  readonly tried: readonly TriedSettings[];
}

/** Steps of the job that plans are compared by: what most ask for, and one warm-up step, so that the rounds decide. */
const STEPS = 50;
const WARM_UP = 1;
/** Less than 1 % of the price (a logarithm) is no difference. */
const TIE = 0.01;
/** A finalist whose estimated price (a logarithm) is so much above the least is not simulated: simulated jobs differ from estimates by less. */
const MAX_BEHIND = 0.04;
/** Nor is a moved cut whose estimated price is so much above that of the one it was moved from. */
const MAX_WORSE = 0.002;
/** Finalists of a variant that are simulated, the best by their estimates. */
const MAX_SIMULATED = 6;
/** Finalists whose cuts are moved: the best is not always the one that can be made best. */
const MAX_REFINED = 3;
/** Simulated tasks that moving the cuts of each may cost: a quarter of a second or so. */
const MAX_REFINED_TASKS = 30_000;
const MAX_TRIES = 120;

/**
 * Chooses micro-cuts and lag by simulating a whole job for every finalist, then moves the chosen cuts by the same measure.
 * The predicted period alone misleads: it is a lower bound where senders share an interface, and knows nothing of warm-up steps, in
 * which transfers are waited for. Among jobs within 1 % of the shortest: lag 1 before lag 2, then fewer sessions.
 *
 * @throws AsyncDiffError as `partitionGraph` does.
 */
export function chooseSettings(
  graph: CostGraph,
  options: PartitionOptions,
  choices: SettingChoices = {},
): ChosenSettings {
  const search = searchPartition(graph, options);
  const alone = search.options.components === 1;
  const lags: readonly (1 | 2)[] = alone ? [1] : [...(choices.lags ?? [1])].sort((a, b) => a - b);
  const sessions = alone ? [1] : [...(choices.microCuts ?? [1, 2, 3, 4])].sort((a, b) => a - b);
  const { options: resolved } = search;
  // Items of a list go through as a pipeline, of which the period says all; what is simulated is a job with a sampler.
  const goal: Goal = (one) =>
    priceOf(one, (graph.singlePass === undefined ? jobMs : estimatedJobMs)(one, search), resolved);
  const estimate: Goal = (one) => priceOf(one, estimatedJobMs(one, search), resolved);
  const variants = lags
    .flatMap((lag) => sessions.map((microCuts) => ({ microCuts, lag })))
    .map((variant) => ({ variant, ranked: rank(likely(search.finalists(variant), estimate), goal) }));
  const least = Math.min(...variants.map(({ ranked }) => ranked[0]!.price));
  const { variant, ranked } = variants.find((tried) => tried.ranked[0]!.price <= least + TIE)!;
  const refined = ranked.slice(0, MAX_REFINED).map(({ one }) => {
    const tasks = one.partition.segments.length * STEPS;
    const tries = alone ? 0 : Math.min(MAX_TRIES, Math.floor(MAX_REFINED_TASKS / tasks));
    return search.refine(one, variant, screened(goal, estimate), tries);
  });
  return {
    ...search.whole(rank(refined, goal)[0]!.one, variant),
    ...variant,
    tried: variants.map((tried) => ({
      ...tried.variant,
      periodMs: tried.ranked[0]!.one.predicted.periodMs,
    })),
  };
}

/** Those that may turn out best, by their estimated prices. */
function likely(all: readonly Sketch[], estimate: Goal): Sketch[] {
  const ranked = rank(all, estimate);
  const least = ranked[0]!.price;
  return ranked
    .filter(({ price }) => price <= least + MAX_BEHIND)
    .slice(0, MAX_SIMULATED)
    .map(({ one }) => one);
}

/** The goal, without simulating what the estimate says is worse than the best so far. */
function screened(goal: Goal, estimate: Goal): Goal {
  let least = { price: Number.POSITIVE_INFINITY, estimated: Number.POSITIVE_INFINITY };
  return (one) => {
    const estimated = estimate(one);
    if (estimated > least.estimated + MAX_WORSE) return Number.POSITIVE_INFINITY;
    const price = goal(one);
    if (price <= least.price) least = { price, estimated };
    return price;
  };
}

/** A job as it would be if every round took the predicted period: a lower bound, but for the rounds at its beginning and its end. */
function estimatedJobMs({ partition, predicted }: Sketch, { options }: PartitionSearch): number {
  const stepMs = partition.components.reduce((sum, { costMs }) => sum + costMs, 0);
  return WARM_UP * stepMs + Math.ceil((STEPS - WARM_UP) / options.stride) * predicted.periodMs;
}

function jobMs({ partition }: Sketch, { options }: PartitionSearch): number {
  const { stride, cluster } = options;
  const replicas = samplingWorker(partition, cluster.placement) === undefined;
  const settings = {
    numInferenceSteps: STEPS,
    stride,
    warmUp: WARM_UP,
    timeShift: false,
    lookAhead: options.lookAhead ? { replicas } : undefined,
  };
  return simulate(partition, cluster, settings).totalMs;
}
