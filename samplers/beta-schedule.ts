import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { flag } from './scheduler-config.js';

const f = Math.fround;

/** The keys that the noise-adding samplers of diffusers share, with their defaults there. */
export const betaKeys = {
  num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
  beta_start: z.number().min(0).lt(1).default(0.0001),
  beta_end: z.number().min(0).lt(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number().min(0).lt(1)).min(1).nullable().default(null),
  rescale_betas_zero_snr: flag(false),
};

export type BetaSettings = z.output<z.ZodObject<typeof betaKeys>>;

/**
 * `alphas_cumprod` of diffusers' schedulers, one float32 per training timestep: the share of signal left in x_t.
 * With `rescale_betas_zero_snr` (arXiv 2305.08891, algorithm 1) the last one is 0; see {@link keepLastAboveZero}.
 */
export function alphasCumprod(settings: BetaSettings): Float32Array {
  const betas = betasOf(settings);
  return cumulativeAlphas(settings.rescale_betas_zero_snr ? rescaleZeroTerminalSnr(betas) : betas);
}

/** What the sigma-based schedulers do after a zero-SNR rescale, so that the first sigma is finite: 2^-24 for the last one. */
export function keepLastAboveZero(alphas: Float32Array): Float32Array {
  const kept = alphas.slice();
  kept[kept.length - 1] = 2 ** -24;
  return kept;
}

/** sqrt((1 - a) / a) for every a: the noise level of each training timestep in the sigma-based schedulers. */
export function trainingSigmas(alphas: Float32Array): Float32Array {
  return alphas.map((alpha) => Math.sqrt(f(f(1 - alpha) / alpha)));
}

function betasOf(settings: BetaSettings): Float32Array {
  const count = settings.num_train_timesteps;
  if (settings.trained_betas !== null) {
    if (settings.trained_betas.length !== count) {
      throw new AsyncDiffError(
        'invalid_settings',
        `scheduler config: trained_betas has ${settings.trained_betas.length} values, num_train_timesteps is ${count}`,
      );
    }
    return Float32Array.from(settings.trained_betas);
  }
  if (settings.beta_schedule === 'squaredcos_cap_v2') return cosineBetas(count);
  if (settings.beta_schedule === 'linear') return linspace32(settings.beta_start, settings.beta_end, count);
  return linspace32(Math.sqrt(settings.beta_start), Math.sqrt(settings.beta_end), count).map((x) => x * x);
}

/** torch.linspace in float32: it counts from both ends, so that the last value is exactly `end`. */
function linspace32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [f(start), f(end)];
  const values = new Float32Array(count);
  if (count === 1) return values.fill(first);
  const step = f(f(last - first) / (count - 1));
  for (let i = 0; i < count; i += 1) {
    values[i] = i < count / 2 ? first + f(step * i) : last - f(step * (count - 1 - i));
  }
  return values;
}

/** diffusers' `betas_for_alpha_bar`, cosine, capped at 0.999 (Nichol and Dhariwal 2021, equation 17). */
function cosineBetas(count: number): Float32Array {
  const alphaBar = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
  );
}

/** torch.cumprod(1 - betas) on the CPU: it multiplies in double and rounds each result. */
function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => {
    product *= f(1 - beta);
    return product;
  });
}

function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeAlphas(betas).map((alpha) => Math.sqrt(alpha));
  const first = roots[0] ?? 0;
  const last = roots.at(-1) ?? 0;
  const scale = f(first / f(first - last));
  const bars = roots.map((root) => f(f(root - last) * scale) ** 2);
  return bars.map((bar, i) => 1 - (i === 0 ? bar : f(bar / (bars[i - 1] ?? 1))));
}
