import { z } from 'zod';
import { linspace32 } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import { orderAt, solverType } from './dpm-solver-multistep.js';
import { multistepUpdate } from './dpm-solver-update.js';
import { edmLevels } from './edm-dpm-solver-multistep.js';
import { edmInitialSigma, edmKeys, edmSigmas } from './edm-sigmas.js';
import { f } from './float32.js';
import type { LogLevel } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { preconditionedConversion, preconditionedInput } from './prediction.js';
import { flag } from './scheduler-config.js';

/**
 * DPM-Solver++ 2M with fresh noise from a Brownian path, on a cosine schedule, as Stable Audio has it: diffusers'
 * CosineDPMSolverMultistepScheduler.
 */
export const cosineDpmSolverMultistep = defineSampler({
  name: 'cosine_dpmpp_2m',
  className: 'CosineDPMSolverMultistepScheduler',
  kind: 'own',
  schema: z.object({
    ...edmKeys,
    sigma_min: z.number().positive().default(0.3),
    sigma_max: z.number().positive().default(500),
    sigma_data: z.number().positive().default(1),
    sigma_schedule: z.enum(['karras', 'exponential']).default('exponential'),
    solver_order: z.literal([1, 2]).default(2),
    prediction_type: z.enum(['epsilon', 'v_prediction']).default('v_prediction'),
    solver_type: solverType,
    lower_order_final: flag(true),
    euler_at_final: flag(false),
  }),
  method(settings, { numInferenceSteps }): SamplerMethod {
    const { sigma_data: sigmaData, sigma_min: min, sigma_max: max } = settings;
    const steps = edmSigmas(settings, Array.from(linspace32(0, 1, numInferenceSteps)), f);
    const sigmas = Float32Array.from([...steps, settings.final_sigmas_type === 'zero' ? 0 : min]);
    const levels = edmLevels(sigmas);
    const sigmaAt = (call: number): number => sigmas[call] as number;
    const conversion = preconditionedConversion(sigmaAt, sigmaData, settings.prediction_type);
    return {
      timesteps: Array.from(steps, (sigma) => f(f(f(Math.atan(sigma)) / f(Math.PI)) * 2)),
      sigmas,
      initNoiseSigma: edmInitialSigma(max),
      levels,
      family: 'stochastic',
      draws: () => 1,
      conversion,
      scaleModelInput: (sample, call) => preconditionedInput(sample, sigmaAt(call), sigmaData),
      advance({ call, taken, output, sample, kept, brownian }) {
        const outputs = [...kept, conversion.toOriginal(output, sample, call)];
        const noise = brownian({ range: [min, max], from: sigmaAt(call), to: sigmaAt(call + 1) });
        const order = orderAt(call, taken, steps.length, settings);
        const around = [call + 1, call, call - 1].map((at) => levels[at] as LogLevel);
        const step = { algorithm: 'sde-dpmsolver++', type: settings.solver_type, order } as const;
        return {
          latents: multistepUpdate(step, around, sample, outputs, noise),
          kept: newest(outputs, settings.solver_order - 1),
        };
      },
    };
  },
});
