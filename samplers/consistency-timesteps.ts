import { AsyncDiffError } from '../common/errors/index.js';
import type { SamplerOptions } from './sampler-options.js';
import { fallingTimesteps } from './whole-timesteps.js';

interface ConsistencyTimesteps {
  readonly timesteps: readonly number[];
  /** The call after which no noise is drawn. */
  readonly last: number;
}

/**
 * Timesteps of a model that was distilled on some of them: T of those, spread evenly from the highest, or those given by hand.
 * @param origin the timesteps of the distillation, rising, for a share `strength` of the schedule
 * @param originalSteps how many there were in all
 */
export function consistencyTimesteps(
  {
    origin,
    originalSteps,
    trained,
    className,
  }: {
    readonly origin: readonly number[];
    readonly originalSteps: number;
    readonly trained: number;
    readonly className: string;
  },
  count: number,
  { timesteps: given, strength = 1 }: SamplerOptions,
): ConsistencyTimesteps {
  const falling = fallingTimesteps(given, trained, className);
  if (falling !== undefined) {
    const used = Math.min(Math.trunc(falling.length * strength), falling.length);
    const timesteps = falling.slice(Math.max(falling.length - used, 0));
    // Counted in the whole list, as diffusers does, which is why a shortened run has noise in its last step too.
    return { timesteps, last: falling.length - 1 };
  }
  if (count > originalSteps || Math.floor(origin.length / count) < 1) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${className}: ${count} steps are more than the ${origin.length} of ${originalSteps} that the model was distilled from`,
      { hint: 'Ask for fewer steps, or for more original_inference_steps.' },
    );
  }
  const reversed = origin.toReversed();
  const timesteps = Array.from(
    { length: count },
    (_, i) => reversed[Math.floor(i * (origin.length / count))] as number,
  );
  return { timesteps, last: count - 1 };
}

/** 1, 2, ... times the distance of the distillation's timesteps, less 1. */
export function distilledTimesteps(
  trained: number,
  originalSteps: number,
  strength: number,
  className: string,
) {
  if (originalSteps > trained) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${className}: original_inference_steps is ${originalSteps}, the model has ${trained} timesteps`,
    );
  }
  const distance = Math.floor(trained / originalSteps);
  const length = Math.trunc(originalSteps * strength);
  return Array.from({ length }, (_, i) => (i + 1) * distance - 1);
}
