import {
  type CostGraph,
  type Evaluated,
  PERIOD_TIE,
  type PartitionOptions,
  searchPartition,
} from '../partition/index.js';

export interface SettingChoices {
  /** Sessions per component to try. Default 1..4. */
  readonly microCuts?: readonly number[] | undefined;
  /** Lags to try. Default 1 alone: tensors two rounds old cost quality. */
  readonly lags?: readonly (1 | 2)[] | undefined;
}

/** The settings that were chosen, and the plan that they make. */
export interface ChosenSettings extends Evaluated {
  readonly microCuts: number;
  readonly lag: 1 | 2;
  /** Every variant that was tried, with its predicted period. */
  readonly tried: readonly { readonly microCuts: number; readonly lag: 1 | 2; readonly periodMs: number }[];
}

/**
 * Chooses micro-cuts and lag by the predicted period. Among periods within 1 % of the shortest: lag 1 before lag 2, then
 * fewer sessions.
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
  const variants = lags.flatMap((lag) =>
    sessions.map((microCuts) => ({ microCuts, lag, ...search.best({ microCuts, lag }) })),
  );
  const shortest = Math.min(...variants.map((variant) => variant.predicted.periodMs));
  const chosen = variants.find((variant) => variant.predicted.periodMs <= shortest * PERIOD_TIE)!;
  const tried = variants.map(({ microCuts, lag, predicted }) => ({
    microCuts,
    lag,
    periodMs: predicted.periodMs,
  }));
  return { ...chosen, tried };
}
