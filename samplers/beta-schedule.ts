import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { f, sqrt } from './float32.js';
import { flag } from './scheduler-config.js';

/** The betas of the classes that have a noise schedule over training timesteps, with diffusers' defaults. */
export const betaKeys = {
  num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
  beta_start: z.number().min(0).lt(1).default(0.0001),
  beta_end: z.number().min(0).lt(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number().min(0).lt(1)).min(1).nullable().default(null),
};

/** The same for the classes whose defaults are those of latent diffusion. */
export const latentBetaKeys = {
  ...betaKeys,
  beta_start: betaKeys.beta_start.unwrap().default(0.00085),
  beta_end: betaKeys.beta_end.unwrap().default(0.012),
};

/** For the classes that can rescale the betas so that the last timestep holds no signal (arXiv 2305.08891, algorithm 1). */
export const zeroSnrKeys = { rescale_betas_zero_snr: flag(false) };

export interface BetaSettings {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'exp' | 'sigmoid' | 'laplace';
  readonly trained_betas: readonly number[] | null;
  readonly rescale_betas_zero_snr?: boolean;
}

/**
 * `alphas_cumprod` of diffusers' schedulers, one float32 per training timestep: the share of signal left in x_t.
 * With `rescale_betas_zero_snr` the last one is 0; see {@link alphasAboveZero}.
 */
export function alphasCumprod(settings: BetaSettings): Float32Array {
  const betas = betasOf(settings);
  return cumulativeAlphas(settings.rescale_betas_zero_snr === true ? rescaleZeroTerminalSnr(betas) : betas);
}

/** The same for the sigma-based schedulers, which keep the first sigma finite after a zero-SNR rescale: 2^-24 for the last one. */
export function alphasAboveZero(settings: BetaSettings): Float32Array {
  const alphas = alphasCumprod(settings);
  if (settings.rescale_betas_zero_snr === true) alphas[alphas.length - 1] = 2 ** -24;
  return alphas;
}

/** sqrt((1 - a) / a) for every a: the noise level of each training timestep in the sigma-based schedulers. */
export function trainingSigmas(alphas: Float32Array): Float32Array {
  return alphas.map((alpha) => Math.sqrt(f(f(1 - alpha) / alpha)));
}

function betasOf(settings: BetaSettings): Float32Array {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = settings;
  if (settings.trained_betas !== null) {
    if (settings.trained_betas.length !== count) {
      throw new AsyncDiffError(
        'invalid_settings',
        `scheduler config: trained_betas has ${settings.trained_betas.length} values, num_train_timesteps is ${count}`,
      );
    }
    return Float32Array.from(settings.trained_betas);
  }
  switch (settings.beta_schedule) {
    case 'linear':
      return linspace32(start, end, count);
    case 'scaled_linear':
      return linspace32(Math.sqrt(start), Math.sqrt(end), count).map((x) => x * x);
    case 'sigmoid':
      return linspace32(-6, 6, count).map(
        (x) => f(f(1 / f(1 + f(Math.exp(-x)))) * f(end - start)) + f(start),
      );
    default:
      return betasForAlphaBar(count, ALPHA_BARS[settings.beta_schedule]);
  }
}

/**
 * torch.linspace in float32: it counts from both ends, so that the last value is exactly `end`. Product and sum round once, as processors with
 * AVX2 fuse them.
 */
export function linspace32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [f(start), f(end)];
  const values = new Float32Array(count);
  if (count === 1) return values.fill(first);
  const step = f(f(last - first) / (count - 1));
  for (let i = 0; i < count; i += 1) {
    values[i] = i < Math.floor(count / 2) ? first + step * i : last - step * (count - 1 - i);
  }
  return values;
}

/** The share of signal left at time t, 0 to 1: diffusers' `betas_for_alpha_bar`. */
const ALPHA_BARS = Object.freeze({
  /** Nichol and Dhariwal 2021, equation 17. */
  squaredcos_cap_v2: (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2,
  exp: (t: number) => Math.exp(t * -12),
  laplace(t: number): number {
    const side = t > 0.5 ? -1 : 1;
    const lambda = -0.5 * side * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
    const snr = Math.exp(lambda);
    return Math.sqrt(snr / (1 + snr));
  },
});

/** Capped at 0.999. */
export function betasForAlphaBar(
  count: number,
  alphaBar: (t: number) => number = ALPHA_BARS.squaredcos_cap_v2,
): Float32Array {
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

/** torch.cumprod(1 - betas) on the CPU: it multiplies in double and rounds each result. */
export function cumulativeAlphas(betas: Float32Array): Float32Array {
  let running = 1;
  return betas.map((beta) => {
    running *= f(1 - beta);
    return running;
  });
}

function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const bars = zeroTerminalSnr(cumulativeAlphas(betas));
  return bars.map((bar, i) => 1 - (i === 0 ? bar : f(bar / (bars[i - 1] ?? 1))));
}

/** alphas_cumprod moved so that the last is 0 and the first stays; `round` for the precision that they have. */
function zeroTerminalSnr(alphas: Float32Array): Float32Array {
  const roots = alphas.map(sqrt);
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const scale = f(first / f(first - last));
  return roots.map((root) => f(f(root - last) * scale) ** 2);
}
