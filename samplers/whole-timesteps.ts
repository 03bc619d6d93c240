import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { roundHalfEven, spacedTimesteps, timestepSpacing } from './timesteps.js';

/** Keys of the classes whose steps are at whole training timesteps. */
export const wholeTimestepKeys = {
  timestep_spacing: timestepSpacing.default('leading'),
  steps_offset: z.int().default(0),
};

interface WholeTimestepSettings {
  readonly timestep_spacing: z.output<typeof timestepSpacing>;
  readonly steps_offset: number;
  readonly num_train_timesteps: number;
}

/** T falling timesteps within those that were trained; throws `invalid_settings` where the spacing leads beyond them. */
export function wholeTimesteps(
  settings: WholeTimestepSettings,
  count: number,
  alphas: ArrayLike<number>,
  className: string,
  prediction: string,
): number[] {
  const { timestep_spacing: spacing, num_train_timesteps: trained, steps_offset: offset } = settings;
  const timesteps = spacedTimesteps(spacing, trained, count, offset).map(roundHalfEven);
  checkTimesteps(timesteps, alphas, className, prediction, `${count} steps with steps_offset ${offset}`);
  return timesteps;
}

/** Timesteps given by hand: whole numbers that fall, below `trained`. Throws `invalid_settings`. */
export function fallingTimesteps(
  given: readonly number[] | undefined,
  trained: number,
  className: string,
): number[] | undefined {
  if (given === undefined) return undefined;
  const timesteps = given.map(Math.trunc);
  const isFalling = timesteps.every((timestep, i) => i === 0 || timestep < (timesteps[i - 1] as number));
  if (isFalling && (timesteps[0] as number) < trained && (timesteps.at(-1) as number) >= 0) return timesteps;
  throw new AsyncDiffError(
    'invalid_settings',
    `${className}: timesteps must fall from less than ${trained} to no less than 0; got ${given.join(', ')}`,
  );
}

/** That each timestep was trained, and holds enough signal to find the noise in it. */
export function checkTimesteps(
  timesteps: readonly number[],
  alphas: ArrayLike<number>,
  className: string,
  prediction: string,
  what: string,
): void {
  for (const timestep of timesteps) {
    const alpha = alphas[timestep];
    if (alpha === undefined) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${className}: ${what} reach timestep ${timestep}, beyond the ${alphas.length} that the model was trained on; ask for fewer steps`,
      );
    }
    if (alpha === 0 && prediction === 'epsilon') {
      throw new AsyncDiffError(
        'invalid_settings',
        `${className}: with rescale_betas_zero_snr timestep ${timestep} holds no signal, and epsilon cannot be solved for it`,
        { hint: 'Use v_prediction or sample, or a timestep_spacing that leaves the last timestep out.' },
      );
    }
  }
}
