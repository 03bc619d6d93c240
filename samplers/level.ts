import { div, f, log, mul, sqrt, square, sub } from './float32.js';

/** A noise level, float32: latents there are x = alpha x_0 + sigma noise. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
}

/** A level with half the logarithm of its signal-to-noise ratio, log(alpha / sigma): infinite where sigma is 0. */
export interface LogLevel extends Level {
  readonly lambda: number;
}

/** Where latents keep the scale of the data and noise is added to them (Karras et al. 2022). */
export function addedNoise(sigma: number): Level {
  return { alpha: 1, sigma };
}

/** Where `alphaCumprod` is the share of signal in the variance (Ho et al. 2020). */
export function variancePreserving(alphaCumprod: number): Level {
  return { alpha: sqrt(alphaCumprod), sigma: sqrt(sub(1, alphaCumprod)) };
}

/** On the straight line between data and noise. */
export function rectified(sigma: number): Level {
  return { alpha: sub(1, sigma), sigma };
}

/** The level of sigma = noise / signal when the latents' variance is kept: `_sigma_to_alpha_sigma_t` of diffusers. */
export function unitVariance(sigma: number): Level {
  const alpha = div(1, sqrt(f(square(sigma) + 1)));
  return { alpha, sigma: mul(sigma, alpha) };
}

export function withLambda(level: Level): LogLevel {
  return { ...level, lambda: sub(log(level.alpha), log(level.sigma)) };
}
