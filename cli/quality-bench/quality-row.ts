import { arithmeticMean, bootstrapInterval, geometricMean } from '../../common/statistics/index.js';
import { pairedRatios, summarize } from '../bench/index.js';
import type { Comparison } from './comparison.js';
import type { MeasuredMethod, QualityOutcome } from './run-quality.js';
import type { RunFacts, StoredRun } from './run-store.js';

/** What the bench tells of one method with one configuration; the keys of the JSON document. */
export type QualityRow = ReturnType<typeof qualityRow>;

/** Runs of AsyncDiff with the configuration of a row. */
interface PublishedRuns {
  /** As in the paper. */
  readonly paper: readonly StoredRun[] | undefined;
  /** With as many steps in order as look-ahead took. */
  readonly even: readonly StoredRun[] | undefined;
}

/** A row from the runs of a method, each beside the sequential run and AsyncDiff's of the same prompt and seed. */
export function qualityRow(
  { config, method, runs }: MeasuredMethod,
  { sequential }: Pick<QualityOutcome, 'sequential'>,
  published: PublishedRuns,
) {
  const facts = runs.map((run) => run.facts);
  const compared = facts.flatMap(({ comparison }) => comparison ?? []);
  const first = facts[0] as RunFacts;
  const mean = (of: (one: RunFacts) => number): number => arithmeticMean(facts.map(of));
  const { median: speedup, ...spread } = summarize(
    pairedRatios(
      sequential.map((run) => run.facts.seconds),
      facts.map(({ seconds }) => seconds),
    ),
  );
  return {
    config: config.name,
    method,
    ...first.settings,
    pictures: runs.length,
    steps: first.steps,
    workers: first.workers,
    in_order_steps: mean(({ inOrder }) => inOrder),
    held_steps: mean(({ held }) => held),
    drift_sum: mean(({ driftSum }) => driftSum),
    latent_mse: spreadOf(compared.map(({ latentMse }) => latentMse)),
    relative_latent_mse: spreadOf(compared.map(({ relativeLatentMse }) => relativeLatentMse)),
    times_nearer_than_asyncdiff: method === 'asyncdiff' ? null : factorOf(runs, published.paper),
    times_nearer_at_equal_steps: method === 'look-ahead' ? factorOf(runs, published.even) : null,
    equal_pictures: compared.filter(({ latentMse }) => latentMse === 0).length,
    psnr_db: meanAndLeast(compared.map(({ psnrDb }) => psnrDb)),
    ssim: meanAndLeast(compared.map((one) => one.ssim)),
    seconds: summarize(facts.map(({ seconds }) => seconds)).median,
    speedup,
    speedup_spread: spread,
    ideal_speedup: 1 / mean(({ idealSpeedup }) => 1 / idealSpeedup),
  };
}

function spreadOf(values: readonly number[]) {
  const { low, high } = bootstrapInterval(values, geometricMean);
  return {
    geometric_mean: geometricMean(values),
    interval_95: [low, high] as const,
    mean: arithmeticMean(values),
    max: Math.max(...values),
  };
}

/** AsyncDiff's error over this one's, picture by picture; null where a run equals the sequential one. */
function factorOf(runs: readonly StoredRun[], published: readonly StoredRun[] | undefined) {
  const errors = (of: readonly StoredRun[]): number[] =>
    of.map(({ facts }) => (facts.comparison as Comparison).latentMse);
  if (published === undefined || published.length !== runs.length) return null;
  const [own, other] = [errors(runs), errors(published)];
  if ([...own, ...other].includes(0)) return null;
  const ratios = other.map((error, at) => error / (own[at] as number));
  const { low, high } = bootstrapInterval(ratios, geometricMean);
  return {
    geometric_mean: geometricMean(ratios),
    interval_95: [low, high] as const,
    of_means: arithmeticMean(other) / arithmeticMean(own),
  };
}

/** Null where no picture has a value. */
function meanAndLeast(values: readonly (number | null)[]): { mean: number; min: number } | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : { mean: arithmeticMean(known), min: Math.min(...known) };
}
