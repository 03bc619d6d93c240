import { z } from 'zod';
import { betaKeys } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import {
  addedNoiseLevels,
  discreteSigmaKeys,
  discreteSigmas,
  initialSigma,
  scaledInput,
} from './discrete-sigmas.js';
import { f } from './float32.js';
import { newest, type SamplerMethod } from './method.js';
import { addedNoiseConversion, predictionType } from './prediction.js';
import { minus, over, plus, type Vector, weighted } from './vector.js';

const DEFAULT_ORDER = 4;

/** A linear multistep method on sigma: k-diffusion's sample_lms; diffusers' LMSDiscreteScheduler. */
export const lmsDiscrete = defineSampler({
  name: 'lms',
  className: 'LMSDiscreteScheduler',
  kind: 'betas',
  options: ['order'],
  schema: z.object({
    ...betaKeys,
    ...discreteSigmaKeys,
    prediction_type: predictionType.default('epsilon'),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const spaced = discreteSigmas(settings, numInferenceSteps);
    const sigmas = Float32Array.from([...spaced.sigmas, 0]);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = addedNoiseConversion(sigmaAt, settings.prediction_type);
    const mostOrder = options.order ?? DEFAULT_ORDER;
    return {
      timesteps: spaced.timesteps.map(f),
      sigmas,
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels(sigmas),
      family: 'ode',
      conversion,
      scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
      advance({ call, output, sample, kept }) {
        const original = conversion.toOriginal(output, sample, call);
        const derivatives = [...kept, over(minus(sample, original), sigmaAt(call))];
        const order = Math.min(call + 1, mostOrder);
        const terms = derivatives
          .toReversed()
          .slice(0, order)
          .map((derivative, at): [number, Vector] => [coefficient(sigmas, call, order, at), derivative]);
        return {
          latents: plus(sample, weighted(...terms)),
          predOriginalSample: original,
          kept: newest(derivatives, mostOrder - 1),
        };
      },
    };
  },
});

/** The integral over the step of the Lagrange polynomial that is 1 at the sigma `at` steps back and 0 at the others. */
function coefficient(sigmas: Float32Array, call: number, order: number, at: number): number {
  const sigmaBack = (steps: number): number => sigmas[call - steps] as number;
  const polynomial = (tau: number): number => {
    let value = 1;
    for (let k = 0; k < order; k += 1) {
      if (k !== at) value = f(value * f(f(f(tau) - sigmaBack(k)) / f(sigmaBack(at) - sigmaBack(k))));
    }
    return value;
  };
  return integral(polynomial, sigmas[call] as number, sigmas[call + 1] as number);
}

/** Gauss-Kronrod with 21 points, as QUADPACK's first attempt: exact for these polynomials but for the rounding of the integrand. */
function integral(of: (x: number) => number, from: number, to: number): number {
  const centre = 0.5 * (from + to);
  const half = 0.5 * (to - from);
  let sum = (KRONROD.at(-1)?.[1] as number) * of(centre);
  for (const [node, weight] of KRONROD.slice(0, -1))
    sum += weight * (of(centre - half * node) + of(centre + half * node));
  return sum * half;
}

/** Nodes and weights of one half, the centre last. */
const KRONROD: readonly (readonly [number, number])[] = Object.freeze([
  [0.9956571630258081, 0.011694638867371874],
  [0.9739065285171717, 0.032558162307964725],
  [0.9301574913557082, 0.054755896574351995],
  [0.8650633666889845, 0.07503967481091996],
  [0.7808177265864169, 0.0931254545836976],
  [0.6794095682990244, 0.10938715880229764],
  [0.5627571346686047, 0.12349197626206584],
  [0.4333953941292472, 0.13470921731147334],
  [0.2943928627014602, 0.14277593857706009],
  [0.14887433898163122, 0.1477391049013385],
  [0, 0.14944555400291692],
]);
