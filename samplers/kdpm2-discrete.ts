import { z } from 'zod';
import { latentBetaKeys } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import {
  addedNoiseLevels,
  discreteSigmaKeys,
  discreteSigmas,
  halfway,
  initialSigma,
  interleaved,
  scaledInput,
} from './discrete-sigmas.js';
import { exp, f, log, sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { addedNoiseConversion } from './prediction.js';
import { sigmaSpacing } from './sigma-spacing.js';
import { sigmaToTimestep } from './timesteps.js';
import { minus, over, plus, times, type Vector } from './vector.js';

export const kdpm2Keys = {
  ...latentBetaKeys,
  ...discreteSigmaKeys,
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
};

/**
 * A midpoint method on sigma, two calls a step and one in the last: DPM-Solver-2 as k-diffusion has it (sample_dpm_2); diffusers'
 * KDPM2DiscreteScheduler. Call 2k is at sigma k, call 2k + 1 between it and sigma k + 1.
 */
export const kdpm2Discrete = defineSampler({
  name: 'kdpm2',
  aliases: ['dpm2'],
  className: 'KDPM2DiscreteScheduler',
  kind: 'betas',
  schema: z.object(kdpm2Keys),
  method(settings, { numInferenceSteps: count }): SamplerMethod {
    const spaced = discreteSigmas(settings, count, { roundKarras: true });
    const sigmas = Float32Array.from([...spaced.sigmas, 0]);
    /** Of step k and the next one, in the logarithm; 0 after the last. */
    const middles = sigmas.subarray(0, -1).map((sigma, k) => {
      const next = sigmas[k + 1] as number;
      return next === 0 ? 0 : exp(halfway(log(next), log(sigma)));
    });
    const isDouble = sigmaSpacing(settings) !== undefined;
    const timesteps = spaced.timesteps.flatMap((timestep, k) => {
      const last = k === count - 1;
      return last ? [timestep] : [timestep, sigmaToTimestep(middles[k] as number, spaced.logSigmas, true)];
    });
    return midpointMethod({
      timesteps: isDouble ? timesteps : timesteps.map(f),
      sigmas: [...interleaved(sigmas, true), 0],
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels([
        ...timesteps.map((_, call) => at(call % 2 === 0 ? sigmas : middles, call)),
        0,
      ]),
      type: settings.prediction_type,
      middle: (step) => middles[step] as number,
      end: (step) => sigmas[step + 1] as number,
    });
  },
});

interface Midpoint extends Pick<SamplerMethod, 'timesteps' | 'sigmas' | 'initNoiseSigma' | 'levels'> {
  readonly type: 'epsilon' | 'v_prediction';
  /** The sigma in the middle of a step, and the one that its derivative leads to. */
  readonly middle: (step: number) => number;
  readonly end: (step: number) => number;
  /** Fresh noise at the end of a step: its sigma. */
  readonly fresh?: (step: number) => number;
}

/** The derivative in the middle of a step takes the latents from its beginning to its end. */
export function midpointMethod({ type, middle, end, fresh, ...schedule }: Midpoint): SamplerMethod {
  const { levels } = schedule;
  const sigmaAt = (call: number): number => levels[call]?.sigma as number;
  const conversion = addedNoiseConversion(sigmaAt, type);
  return {
    ...schedule,
    family: fresh === undefined ? 'ode' : 'stochastic',
    draws: (call) => (fresh !== undefined && call % 2 === 1 ? 1 : 0),
    conversion,
    scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
    advance({ call, output, sample, kept, noise }) {
      const step = Math.floor(call / 2);
      const original = conversion.toOriginal(output, sample, call);
      const derivative = over(minus(sample, original), sigmaAt(call));
      const sigma = sigmaAt(2 * step);
      if (call % 2 === 0) {
        return {
          latents: plus(sample, times(sub(middle(step), sigma), derivative)),
          predOriginalSample: original,
          kept: [sample],
        };
      }
      const ended = plus(kept[0] as Vector, times(sub(end(step), sigma), derivative));
      return {
        latents: fresh === undefined ? ended : plus(ended, times(fresh(step), noise())),
        predOriginalSample: original,
      };
    },
  };
}

function at(values: Float32Array, call: number): number {
  return values[Math.floor(call / 2)] as number;
}
