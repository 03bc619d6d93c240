import { z } from 'zod';
import { ancestralSplit } from './ancestral.js';
import { defineSampler } from './definition.js';
import { addedNoiseLevels, discreteSigmas, halfway, initialSigma, interleaved } from './discrete-sigmas.js';
import { exp, f, log } from './float32.js';
import { kdpm2Keys, midpointMethod } from './kdpm2-discrete.js';
import type { SamplerMethod } from './method.js';
import { sigmaSpacing } from './sigma-spacing.js';
import { sigmaToTimestep } from './timesteps.js';

/** {@link midpointMethod} to below the next sigma, and fresh noise up to it: diffusers' KDPM2AncestralDiscreteScheduler. */
export const kdpm2AncestralDiscrete = defineSampler({
  name: 'kdpm2_a',
  aliases: ['kdpm2_ancestral', 'dpm2_a'],
  className: 'KDPM2AncestralDiscreteScheduler',
  kind: 'betas',
  schema: z.object(kdpm2Keys),
  method(settings, { numInferenceSteps: count }): SamplerMethod {
    const spaced = discreteSigmas(settings, count, { roundKarras: true });
    const sigmas = Float32Array.from([...spaced.sigmas, 0]);
    const steps = Array.from(spaced.sigmas, (_, k) => {
      const [from, to] = [sigmas[k] as number, sigmas[k + 1] as number];
      const { up, down } = ancestralSplit(from, to);
      return { from, up, down, middle: k === count - 1 ? 0 : exp(halfway(log(from), log(down))) };
    });
    const isDouble = sigmaSpacing(settings) !== undefined;
    const timesteps = steps.flatMap(({ middle }, k) => {
      const timestep = spaced.timesteps[k] as number;
      return k === count - 1 ? [timestep] : [timestep, sigmaToTimestep(middle, spaced.logSigmas, true)];
    });
    const levels = steps.flatMap(({ from, middle }, k) => (k === count - 1 ? [from] : [from, middle]));
    return midpointMethod({
      timesteps: isDouble ? timesteps : timesteps.map(f),
      sigmas: [...interleaved(sigmas, true), 0],
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels([...levels, 0]),
      type: settings.prediction_type,
      middle: (step) => steps[step]?.middle as number,
      end: (step) => steps[step]?.down as number,
      fresh: (step) => steps[step]?.up as number,
    });
  },
});
