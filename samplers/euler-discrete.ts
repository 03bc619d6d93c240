import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betaKeys, linspace32, zeroSnrKeys } from './beta-schedule.js';
import { CHURN_OPTIONS, churned, churnOf } from './churn.js';
import { defineSampler, type MethodRequest } from './definition.js';
import {
  addedNoiseLevels,
  discreteSigmaKeys,
  discreteSigmas,
  initialSigma,
  scaledInput,
} from './discrete-sigmas.js';
import { f, log, sub } from './float32.js';
import type { SamplerMethod } from './method.js';
import { addedNoiseConversion, addedNoiseOriginal } from './prediction.js';
import { refuseListWithSpacing, sigmaSpacing } from './sigma-spacing.js';
import { sigmaToTimestep } from './timesteps.js';
import { minus, over, plus, times, weighted } from './vector.js';

const schema = z.object({
  ...betaKeys,
  ...zeroSnrKeys,
  ...discreteSigmaKeys,
  prediction_type: z
    .enum(['epsilon', 'sample', 'original_sample', 'v_prediction'])
    .default('epsilon')
    .transform((type) => (type === 'original_sample' ? 'sample' : type)),
  interpolation_type: z.enum(['linear', 'log_linear']).default('linear'),
  timestep_type: z.enum(['discrete', 'continuous']).default('discrete'),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});
type Settings = z.output<typeof schema>;

/** Euler's method on sigma: Karras et al. 2022, algorithm 2; diffusers' EulerDiscreteScheduler. */
export const eulerDiscrete = defineSampler({
  name: 'euler',
  className: 'EulerDiscreteScheduler',
  kind: 'betas',
  options: ['sigmas', 'timesteps', ...CHURN_OPTIONS],
  schema,
  method(settings, run): SamplerMethod {
    const { timesteps, sigmas } = scheduleOf(settings, run);
    const { prediction_type: type } = settings;
    const { options } = run;
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const gammaAt = (call: number): number => churnOf(options, sigmaAt(call), sigmas.length - 1);
    const isStochastic = timesteps.some((_, call) => gammaAt(call) > 0);
    return {
      timesteps,
      sigmas,
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels(sigmas.subarray(0, timesteps.length + 1)),
      family: isStochastic ? 'stochastic' : 'ode',
      draws: (call) => (gammaAt(call) > 0 ? 1 : 0),
      conversion: addedNoiseConversion(sigmaAt, type),
      scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
      advance(input) {
        const { call, output } = input;
        const { sigma, sample } = churned(input, sigmaAt(call), gammaAt(call), options.s_noise);
        const original =
          type === 'epsilon'
            ? weighted([1, sample], [-sigma, output])
            : addedNoiseOriginal(sigmaAt(call), type, output, sample);
        const derivative = over(minus(sample, original), sigma);
        return {
          latents: plus(sample, times(sub(sigmaAt(call + 1), sigma), derivative)),
          predOriginalSample: original,
        };
      },
    };
  },
});

function scheduleOf(
  settings: Settings,
  { numInferenceSteps: count, options }: MethodRequest,
): { timesteps: number[]; sigmas: Float32Array } {
  const isContinuous = settings.timestep_type === 'continuous' && settings.prediction_type === 'v_prediction';
  refuseListWithSpacing(options.timesteps, sigmaSpacing(settings));
  if (options.timesteps !== undefined && (isContinuous || options.sigmas !== undefined)) {
    throw new AsyncDiffError(
      'invalid_settings',
      `euler: timesteps cannot be given with ${isContinuous ? 'timestep_type continuous' : 'sigmas as well'}`,
    );
  }
  const spaced = discreteSigmas(settings, options.timesteps?.length ?? count, {
    timesteps: options.timesteps,
    ...(settings.interpolation_type === 'log_linear' ? { sigmasFrom: logLinear(count) } : {}),
  });
  const given = options.sigmas === undefined ? undefined : Float32Array.from(options.sigmas);
  if (given !== undefined && given.at(-1) !== 0) {
    throw new AsyncDiffError('invalid_settings', 'euler: sigmas given by hand must end with 0');
  }
  const last = settings.final_sigmas_type === 'zero' ? 0 : (spaced.trained[0] as number);
  const sigmas = given ?? Float32Array.from([...spaced.sigmas, last]);
  if (isContinuous)
    return { sigmas, timesteps: Array.from(sigmas.subarray(0, -1), (sigma) => f(0.25 * log(sigma))) };
  const timesteps =
    given === undefined
      ? spaced.timesteps
      : Array.from(given.subarray(0, -1), (sigma) => sigmaToTimestep(sigma, spaced.logSigmas, true));
  return {
    sigmas,
    timesteps: timesteps.map(f),
  };
}

/** torch.linspace in the logarithm; one more than there are steps. */
function logLinear(count: number): (trained: Float32Array) => readonly number[] {
  return (trained) =>
    Array.from(linspace32(log(trained.at(-1) as number), log(trained[0] as number), count + 1), (x) =>
      f(Math.exp(x)),
    );
}
