import { AsyncDiffError } from '../../common/errors/index.js';

/** One row of a benchmark: what differs from the settings that all rows share. */
export interface BenchConfig {
  /** As written; also the row's name. */
  readonly name: string;
  /** N. */
  readonly components: number;
  /** S. */
  readonly stride: number;
  /** w. */
  readonly warmUp?: number | undefined;
  /** 0: what the plan finds faster. */
  readonly lag?: 0 | 1 | 2 | undefined;
  /** 0: what the plan finds faster. */
  readonly microCuts?: number | undefined;
  readonly microBatches?: number | undefined;
  readonly wireDtype?: 'float16' | undefined;
  readonly dataPath?: 'relay' | undefined;
}

const MOST_MICRO_CUTS = 16;
const GRAMMAR = /^n(\d+)s(\d+)(?:w(\d+))?(?:l([12a]))?(?:m(\d+|a))?(?:b(\d+))?(f16)?(r)?$/;
const HINT =
  'A configuration is n<components>s<stride>, then in this order any of w<warm-up>, l<lag: 1, 2 or a>, m<micro-cuts: 1 to 16 or a>, b<micro-batches>, f16 (float16 on the wire), r (relay): n2s1, n3s2, n2s1w5, n2s1l2m4f16.';

/**
 * Reads a list such as `n1s1,n2s1,n2s1l2m4f16`.
 * @throws AsyncDiffError usage, naming the configuration at fault
 */
export function parseConfigs(text: string): BenchConfig[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw new AsyncDiffError('usage', '--configs names no configuration', { hint: HINT });
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new AsyncDiffError('usage', `--configs has ${name} twice`);
    seen.add(name);
  }
  return names.map(parseConfig);
}

function parseConfig(name: string): BenchConfig {
  const match = GRAMMAR.exec(name);
  if (match === null) throw new AsyncDiffError('usage', `--configs: cannot read "${name}"`, { hint: HINT });
  const [, n, s, w, l, m, b, f16, relay] = match;
  const config: BenchConfig = {
    name,
    components: Number(n),
    stride: Number(s),
    warmUp: w === undefined ? undefined : Number(w),
    lag: l === undefined ? undefined : l === 'a' ? 0 : (Number(l) as 1 | 2),
    microCuts: m === undefined ? undefined : m === 'a' ? 0 : Number(m),
    microBatches: b === undefined ? undefined : Number(b),
    wireDtype: f16 === undefined ? undefined : 'float16',
    dataPath: relay === undefined ? undefined : 'relay',
  };
  const least = {
    components: config.components,
    stride: config.stride,
    'warm-up': config.warmUp ?? 1,
    'micro-batches': config.microBatches ?? 1,
  };
  for (const [what, value] of Object.entries(least)) {
    if (value < 1)
      throw new AsyncDiffError('usage', `--configs: ${name}: ${what} is ${value}, it must be at least 1`, {
        hint: HINT,
      });
  }
  const cuts = m === undefined || m === 'a' ? 1 : Number(m);
  if (cuts < 1 || cuts > MOST_MICRO_CUTS)
    throw new AsyncDiffError(
      'usage',
      `--configs: ${name}: micro-cuts is ${cuts}, it must be 1 to ${MOST_MICRO_CUTS}`,
      { hint: HINT },
    );
  return config;
}

/** Workers that a configuration can use: one for each component, and S - 1 more for the runs of the last one. */
export function workersWanted({ components, stride }: BenchConfig): number {
  return components + stride - 1;
}
