import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betaQuantile } from './beta-distribution.js';
import { flag } from './scheduler-config.js';
import { linspace } from './timesteps.js';

/** How sigmas lie between the first and the last one. A config may name one of the three; `sigma_min` and `sigma_max` move the ends. */
export const spacingKeys = {
  use_karras_sigmas: flag(false),
  use_exponential_sigmas: flag(false),
  use_beta_sigmas: flag(false),
  sigma_min: z.number().positive().nullable().default(null),
  sigma_max: z.number().positive().nullable().default(null),
};

/** For classes without these keys. */
export const NO_SPACING = Object.freeze({
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  use_beta_sigmas: false,
  sigma_min: null,
  sigma_max: null,
});

type SpacingSettings = z.output<z.ZodObject<typeof spacingKeys>>;
type SigmaSpacing = 'karras' | 'exponential' | 'beta';

/** The one that the config names. Throws `invalid_settings` for more than one. */
export function sigmaSpacing(settings: SpacingSettings): SigmaSpacing | undefined {
  const named = (['karras', 'exponential', 'beta'] as const).filter(
    (spacing) => settings[`use_${spacing}_sigmas`],
  );
  if (named.length <= 1) return named[0];
  throw new AsyncDiffError(
    'invalid_settings',
    `scheduler config: ${named.map((spacing) => `use_${spacing}_sigmas`).join(' and ')} exclude each other`,
  );
}

/** `count` sigmas, falling from `first` to `last` (or from the config's own ends), in double. */
export function spacedSigmas(
  spacing: SigmaSpacing,
  settings: SpacingSettings,
  { first, last, count }: { readonly first: number; readonly last: number; readonly count: number },
): number[] {
  const max = settings.sigma_max ?? first;
  const min = settings.sigma_min ?? last;
  if (spacing === 'karras') return karrasSigmas(linspace(0, 1, count), min, max, 7);
  if (spacing === 'exponential') return linspace(Math.log(max), Math.log(min), count).map(Math.exp);
  return linspace(0, 1, count).map((ramp) => min + betaQuantile(1 - ramp, 0.6, 0.6) * (max - min));
}

/** Karras et al. 2022, equation 5. */
export function karrasSigmas(ramp: readonly number[], min: number, max: number, rho: number): number[] {
  const low = min ** (1 / rho);
  const high = max ** (1 / rho);
  return ramp.map((at) => (high + at * (low - high)) ** rho);
}

/** timesteps given by hand and sigmas spaced by the config cannot both be had. */
export function refuseListWithSpacing(
  list: unknown,
  spacing: SigmaSpacing | 'lu' | 'flow' | undefined,
): void {
  if (list === undefined || spacing === undefined) return;
  throw new AsyncDiffError(
    'invalid_settings',
    `timesteps cannot be given where the scheduler config has use_${spacing}_${spacing === 'lu' ? 'lambdas' : 'sigmas'}`,
  );
}
