import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { isFinite } from './float-ops.js';

/** What latents may be called, whatever the graph calls them. */
const LATENT_NAMES = ['sample', 'hidden_states', 'latent_model_input', 'latents', 'x'];

/**
 * Tells the latents of a job from its conditioning: they have the name of the graph's own latent input, or one that is usual.
 *
 * @param own name of the graph's latent input; undefined where there is no graph (declared devices)
 * @throws AsyncDiffError `invalid_input` where they are missing, not float32, or not finite
 */
export function takeLatents(
  inputs: Readonly<Record<string, Tensor>>,
  own: string | undefined,
): { readonly latents: Tensor; readonly conditioning: Readonly<Record<string, Tensor>> } {
  const name = [own ?? 'sample', ...LATENT_NAMES].find((known) => inputs[known] !== undefined) ?? '';
  const { [name]: latents, ...conditioning } = inputs;
  if (latents === undefined)
    throw new AsyncDiffError('invalid_input', 'the latents are missing', {
      hint: `Give them as the input ${own ?? 'sample'} (--input ${own ?? 'sample'}=latents.npy).`,
    });
  if (latents.dtype !== 'float32')
    throw new AsyncDiffError(
      'invalid_input',
      `input ${name} is ${latents.dtype}, the latents must be float32`,
    );
  if (!isFinite(latents))
    throw new AsyncDiffError('invalid_input', `input ${name} holds NaN or infinity`, {
      hint: 'Look at how it was made: latents are numbers, unit noise at the first step.',
    });
  return { latents, conditioning };
}

/** Why a job's inputs may not hold the timestep: it would be fed, and then overwritten at every step. */
export function timestepGiven(name: string): AsyncDiffError {
  return new AsyncDiffError('invalid_input', `input ${name} is given, which the sampler feeds step by step`, {
    hint: 'Leave it out; --timesteps gives the timesteps of the run, --timestep-scale what they are multiplied by.',
  });
}
