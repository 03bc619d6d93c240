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
} from '../search/index.js';
import { simulate } from './simulate.js';

export interface SettingChoices {
  /** Sessions per component to try. Default 1..4. */
  readonly microCuts?: readonly number[] | undefined;
  /** Lags to try. Default 1 alone: tensors two rounds old cost quality. */
  readonly lags?: readonly (1 | 2)[] | undefined;
}

/** A variant that was tried, with its predicted period. */
export interface TriedSettings extends PlanVariant {
  readonly periodMs: number;
}

/** The settings that were chosen, and the plan that they make. */
export interface ChosenSettings extends Evaluated, PlanVariant {
  readonly tried: readonly TriedSettings[];
}

/** Steps of the job that plans are compared by: what most ask for, and one warm-up step, so that the rounds decide. */
const STEPS = 50;
const WARM_UP = 1;
/** Less than 1 % of the price (a logarithm) is no difference. */
const TIE = 0.01;
/** Finalists whose cuts are moved: the best is not always the one that can be made best. */
const REFINED = 3;
/** Simulated tasks that moving the cuts of each may cost: a quarter of a second or so. */
const REFINED_TASKS = 30_000;
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
  const goal: Goal = (one) => priceOf(jobMs(one, search), one.bytes);
  const variants = lags
    .flatMap((lag) => sessions.map((microCuts) => ({ microCuts, lag })))
    .map((variant) => ({ variant, ranked: rank(search.finalists(variant), goal) }));
  const least = Math.min(...variants.map(({ ranked }) => ranked[0]!.price));
  const { variant, ranked } = variants.find((tried) => tried.ranked[0]!.price <= least + TIE)!;
  const refined = ranked.slice(0, REFINED).map(({ one }) => {
    const tasks = one.partition.segments.length * STEPS;
    const tries = alone ? 0 : Math.min(MAX_TRIES, Math.floor(REFINED_TASKS / tasks));
    return search.refine(one, variant, goal, tries);
  });
  return {
    ...rank(refined, goal)[0]!.one,
    ...variant,
    tried: variants.map((tried) => ({
      ...tried.variant,
      periodMs: tried.ranked[0]!.one.predicted.periodMs,
    })),
  };
}

function jobMs({ partition }: Evaluated, { options }: PartitionSearch): number {
  const { stride, cluster } = options;
  const replicas = (cluster.placement.at(-1)?.length ?? 1) > 1;
  const settings = {
    numInferenceSteps: STEPS,
    stride,
    warmUp: WARM_UP,
    timeShift: false,
    lookAhead: options.lookAhead ? { replicas } : undefined,
  };
  return simulate(partition, cluster, settings).totalMs;
}
