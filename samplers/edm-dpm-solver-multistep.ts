import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { linspace32 } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { orderAt, solverType } from './dpm-solver-multistep.js';
import { multistepUpdate } from './dpm-solver-update.js';
import { edmInitialSigma, edmKeys, edmSigmas, edmTimestep } from './edm-sigmas.js';
import { f } from './float32.js';
import { addedNoise, type LogLevel, withLambda } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { preconditionedConversion, preconditionedInput } from './prediction.js';
import { choice, flag } from './scheduler-config.js';

const CLASS = 'EDMDPMSolverMultistepScheduler';

/** DPM-Solver++ multistep in the formulation of Karras et al. 2022: diffusers' EDMDPMSolverMultistepScheduler. */
export const edmDpmSolverMultistep = defineSampler({
  name: 'edm_dpmpp_2m',
  className: CLASS,
  kind: 'edm',
  schema: z.object({
    ...edmKeys,
    ...thresholdingKeys,
    prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
    solver_order: z.literal([1, 2, 3]).default(2),
    algorithm_type: choice(['dpmsolver++', 'sde-dpmsolver++'], 'dpmsolver++', { deis: 'dpmsolver++' }),
    solver_type: solverType,
    lower_order_final: flag(true),
    euler_at_final: flag(false),
  }),
  method(settings, { numInferenceSteps }): SamplerMethod {
    const { algorithm_type: algorithm, solver_order: most, sigma_data: sigmaData } = settings;
    const isStochastic = algorithm === 'sde-dpmsolver++';
    if (isStochastic && most === 3) {
      throw new AsyncDiffError(
        'scheduler_unsupported',
        `${CLASS}: algorithm_type ${algorithm} has no third order`,
        {
          hint: 'Set solver_order to 2, or use dpmsolver++.',
        },
      );
    }
    const steps = edmSigmas(settings, Array.from(linspace32(0, 1, numInferenceSteps)), f);
    const last = settings.final_sigmas_type === 'zero' ? 0 : settings.sigma_min;
    const sigmas = Float32Array.from([...steps, last]);
    const levels = edmLevels(sigmas);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = preconditionedConversion(sigmaAt, sigmaData, settings.prediction_type);
    return {
      timesteps: Array.from(steps, edmTimestep),
      sigmas,
      initNoiseSigma: edmInitialSigma(settings.sigma_max),
      levels,
      family: isStochastic ? 'stochastic' : 'ode',
      draws: () => (isStochastic ? 1 : 0),
      conversion,
      scaleModelInput: (sample, call) => preconditionedInput(sample, sigmaAt(call), sigmaData),
      advance({ call, taken, output, sample, kept, batch, noise }) {
        const outputs = [...kept, limited(conversion.toOriginal(output, sample, call), settings, batch)];
        const order = orderAt(call, taken, steps.length, settings);
        const around = [call + 1, call, call - 1, call - 2].map((at) => levels[at] as LogLevel);
        const step = { algorithm, type: settings.solver_type, order };
        const fresh = isStochastic ? noise() : undefined;
        return {
          latents: multistepUpdate(step, around, sample, outputs, fresh),
          kept: newest(outputs, most - 1),
        };
      },
    };
  },
});

export function edmLevels(sigmas: Float32Array): LogLevel[] {
  return Array.from(sigmas, (sigma) => withLambda(addedNoise(sigma)));
}
