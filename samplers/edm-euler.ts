import { z } from 'zod';
import { CHURN_OPTIONS, churned, churnOf } from './churn.js';
import { defineSampler } from './definition.js';
import { addedNoiseLevels } from './discrete-sigmas.js';
import { edmInitialSigma, edmKeys, edmSigmas, edmTimestep } from './edm-sigmas.js';
import { sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { preconditionedConversion, preconditionedInput, preconditionedOriginal } from './prediction.js';
import { linspace } from './timesteps.js';
import { minus, over, plus, times } from './vector.js';

/** Euler's method in the formulation of Karras et al. 2022: diffusers' EDMEulerScheduler. */
export const edmEuler = defineSampler({
  name: 'edm_euler',
  className: 'EDMEulerScheduler',
  kind: 'edm',
  options: CHURN_OPTIONS,
  schema: z.object({ ...edmKeys, prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon') }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { sigma_data: sigmaData, prediction_type: type } = settings;
    const steps = edmSigmas(settings, linspace(0, 1, numInferenceSteps), (value) => value);
    const last = settings.final_sigmas_type === 'zero' ? 0 : (steps.at(-1) as number);
    const sigmas = Float32Array.from([...steps, last]);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const gammaAt = (call: number): number => churnOf(options, sigmaAt(call), sigmas.length - 1);
    const isStochastic = steps.some((_, call) => gammaAt(call) > 0);
    return {
      timesteps: Array.from(steps, edmTimestep),
      sigmas,
      initNoiseSigma: edmInitialSigma(settings.sigma_max),
      levels: addedNoiseLevels(sigmas),
      family: isStochastic ? 'stochastic' : 'ode',
      draws: (call) => (gammaAt(call) > 0 ? 1 : 0),
      conversion: preconditionedConversion(sigmaAt, sigmaData, type),
      scaleModelInput: (sample, call) => preconditionedInput(sample, sigmaAt(call), sigmaData),
      advance(input) {
        const { call, output } = input;
        const { sigma, sample } = churned(input, sigmaAt(call), gammaAt(call), options.s_noise);
        const original = preconditionedOriginal(sigma, sigmaData, type, output, sample);
        const derivative = over(minus(sample, original), sigma);
        return {
          latents: plus(sample, times(sub(sigmaAt(call + 1), sigma), derivative)),
          predOriginalSample: original,
        };
      },
    };
  },
});
