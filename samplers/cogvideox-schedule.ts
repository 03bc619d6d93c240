import { z } from 'zod';
import { alphasCumprod, betaKeys, latentBetaKeys } from './beta-schedule.js';
import { f } from './float32.js';
import type { Level } from './level.js';
import { predictionType } from './prediction.js';
import { flag } from './scheduler-config.js';
import { linspace } from './timesteps.js';
import { wholeTimestepKeys, wholeTimesteps } from './whole-timesteps.js';

/** Keys of the CogVideoX samplers. They know clip_sample as well and do not use it. */
export const cogVideoXKeys = {
  ...latentBetaKeys,
  beta_schedule: z.enum(betaKeys.beta_schedule.unwrap().options).default('scaled_linear'),
  ...wholeTimestepKeys,
  set_alpha_to_one: flag(true),
  prediction_type: predictionType.default('epsilon'),
  rescale_betas_zero_snr: flag(false),
  snr_shift_scale: z.number().positive().default(3),
};
type Settings = z.output<z.ZodObject<typeof cogVideoXKeys>>;

interface CogVideoXSchedule {
  readonly timesteps: readonly number[];
  /** Of each call's timestep, and where its step leads: shares of signal in the variance, in the class's own precision. */
  readonly alphas: readonly { readonly alpha: number; readonly next: number; readonly isLast: boolean }[];
  /** Rounds to that precision: scaled_linear betas are double there, and all that is made of them. */
  readonly round: (value: number) => number;
  readonly levels: readonly Level[];
}

export function cogVideoXSchedule(settings: Settings, count: number, className: string): CogVideoXSchedule {
  const isDouble = settings.beta_schedule === 'scaled_linear' && settings.trained_betas === null;
  const round = isDouble ? (value: number): number => value : f;
  const shift = settings.snr_shift_scale;
  const plain = isDouble
    ? doubleAlphas(settings)
    : Array.from(alphasCumprod({ ...settings, rescale_betas_zero_snr: false }));
  const shifted = plain.map((alpha) => round(alpha / round(round(shift) + round(round(1 - shift) * alpha))));
  const alphas = settings.rescale_betas_zero_snr ? zeroTerminal(shifted, round) : shifted;
  const timesteps = wholeTimesteps(settings, count, alphas, className, settings.prediction_type);
  const length = Math.floor(settings.num_train_timesteps / count);
  const finalAlpha = settings.set_alpha_to_one ? 1 : (alphas[0] as number);
  const steps = timesteps.map((timestep) => {
    const end = timestep - length;
    const next = end >= 0 ? (alphas[end] as number) : finalAlpha;
    return { alpha: alphas[timestep] as number, next, isLast: end < 0 };
  });
  const levelOf = (alpha: number): Level => ({
    alpha: f(Math.sqrt(alpha)),
    sigma: f(Math.sqrt(round(1 - alpha))),
  });
  return {
    timesteps,
    alphas: steps,
    round,
    levels: [...steps.map(({ alpha }) => levelOf(alpha)), levelOf(steps.at(-1)?.next ?? 1)],
  };
}

function doubleAlphas({ beta_start: start, beta_end: end, num_train_timesteps: count }: Settings): number[] {
  let running = 1;
  return linspace(Math.sqrt(start), Math.sqrt(end), count).map((root) => {
    running *= 1 - root * root;
    return running;
  });
}

/** The last share of signal becomes 0, the first stays. */
function zeroTerminal(alphas: readonly number[], round: (value: number) => number): number[] {
  const roots = alphas.map((alpha) => round(Math.sqrt(alpha)));
  const [first, last] = [roots[0] as number, roots.at(-1) as number];
  const scale = round(first / round(first - last));
  return roots.map((root) => round(round(round(root - last) * scale) ** 2));
}
