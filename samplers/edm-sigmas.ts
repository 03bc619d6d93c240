import { z } from 'zod';
import { linspace32 } from './beta-schedule.js';
import { f } from './float32.js';

/** Keys of the schedulers in the sigmas of Karras et al. 2022. */
export const edmKeys = {
  sigma_min: z.number().positive().default(0.002),
  sigma_max: z.number().positive().default(80),
  sigma_data: z.number().positive().default(0.5),
  sigma_schedule: z.enum(['karras', 'exponential']).default('karras'),
  num_train_timesteps: z.int().min(1).max(1_000_000).default(1000),
  rho: z.number().positive().default(7),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
};
type Settings = z.output<z.ZodObject<typeof edmKeys>>;

/**
 * Sigmas of the steps, falling, float32.
 * @param ramp from 0 to 1, as double or float32 as the class has it
 * @param round the precision in which Karras' formula is computed
 */
export function edmSigmas(
  { sigma_min: min, sigma_max: max, sigma_schedule, rho }: Settings,
  ramp: readonly number[],
  round: (value: number) => number,
): Float32Array {
  if (sigma_schedule === 'exponential')
    return linspace32(Math.log(min), Math.log(max), ramp.length).map(Math.exp).toReversed();
  const [low, high] = [min ** (1 / rho), max ** (1 / rho)];
  return Float32Array.from(ramp, (at) => round(round(round(high) + round(at * round(low - high))) ** rho));
}

/** What unit noise is multiplied by. */
export function edmInitialSigma(sigmaMax: number): number {
  return Math.sqrt(sigmaMax ** 2 + 1);
}

/** The timestep of a sigma: c_noise of table 1. */
export function edmTimestep(sigma: number): number {
  return f(0.25 * f(Math.log(sigma)));
}
