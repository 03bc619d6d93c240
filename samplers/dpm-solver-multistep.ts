import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betaKeys, zeroSnrKeys } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { type DpmAlgorithm, multistepUpdate } from './dpm-solver-update.js';
import { type LogLevel, rectified, unitVariance, withLambda } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { choice, flag } from './scheduler-config.js';
import { finalSigma, lambdaClipKeys, solverSchedule, solverScheduleKeys } from './solver-schedule.js';
import { solverConversion, solverNoise, solverPrediction } from './solver-prediction.js';
import { type Vector, weighted, over } from './vector.js';

/** Below this many steps diffusers lowers the order of the last steps (`lower_order_final`). */
const FEW_STEPS = 15;

/** Other solvers' variants, and what stands in for them. */
export const solverType = choice(['midpoint', 'heun'], 'midpoint', {
  logrho: 'midpoint',
  bh1: 'midpoint',
  bh2: 'midpoint',
});

/** DPM-Solver and DPM-Solver++, multistep, orders 1 to 3, with fresh noise or without (Lu et al. 2022): diffusers' DPMSolverMultistepScheduler. */
export const dpmSolverMultistep = defineSampler({
  name: 'dpmpp_2m',
  aliases: ['dpmpp', 'dpm++'],
  className: 'DPMSolverMultistepScheduler',
  kind: 'betas',
  takesFlowSigmas: true,
  options: ['timesteps', 'mu'],
  schema: z.object({
    ...betaKeys,
    ...zeroSnrKeys,
    ...solverScheduleKeys,
    ...lambdaClipKeys,
    ...thresholdingKeys,
    solver_order: z.literal([1, 2, 3]).default(2),
    prediction_type: solverPrediction.default('epsilon'),
    algorithm_type: choice(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++'], 'dpmsolver++', {
      deis: 'dpmsolver++',
    }),
    solver_type: solverType,
    lower_order_final: flag(true),
    euler_at_final: flag(false),
    use_lu_lambdas: flag(false),
    final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { algorithm_type: algorithm, prediction_type: type, solver_order: order } = settings;
    checkAlgorithm('DPMSolverMultistepScheduler', settings);
    const { timesteps, sigmas } = solverSchedule(settings, numInferenceSteps, options, {
      className: 'DPMSolverMultistepScheduler',
      lastSigma: finalSigma(settings.final_sigmas_type),
      roundsKarras: settings.beta_schedule !== 'squaredcos_cap_v2',
    });
    const levels = solverLevels(sigmas, settings.use_flow_sigmas);
    const conversion = solverConversion(levels, sigmas, type);
    const isStochastic = algorithm.startsWith('sde');
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels,
      family: isStochastic ? 'stochastic' : settings.use_flow_sigmas ? 'flow' : 'ode',
      draws: () => (isStochastic ? 1 : 0),
      conversion,
      advance({ call, taken, output, sample, kept, batch, noise }) {
        const level = levels[call] as LogLevel;
        const meant = algorithm.endsWith('++')
          ? limited(conversion.toOriginal(output, sample, call), settings, batch)
          : limitedNoise(level, solverNoise(level, type, output, sample), sample, (original) =>
              limited(original, settings, batch),
            );
        const outputs = [...kept, meant];
        const used = orderAt(call, taken, timesteps.length, settings);
        const around = [call + 1, call, call - 1, call - 2].map((at) => levels[at] as LogLevel);
        const fresh = isStochastic ? noise() : undefined;
        const step = { algorithm, type: settings.solver_type, order: used };
        return {
          latents: multistepUpdate(step, around, sample, outputs, fresh),
          kept: newest(outputs, order - 1),
        };
      },
    };
  },
});

interface OrderSettings {
  readonly solver_order: number;
  readonly lower_order_final: boolean;
  readonly euler_at_final?: boolean;
  readonly final_sigmas_type?: 'zero' | 'sigma_min';
}

/** The order of the step at `call`: less at the beginning, and at the end as the config says. */
export function orderAt(call: number, taken: number, calls: number, settings: OrderSettings): number {
  const isFew = settings.lower_order_final && calls < FEW_STEPS;
  const isFirst = settings.euler_at_final === true || isFew || settings.final_sigmas_type === 'zero';
  let order = Math.min(settings.solver_order, taken + 1);
  if (call === calls - 1 && isFirst) order = 1;
  if (call === calls - 2 && isFew) order = Math.min(order, 2);
  return order;
}

/** Noise predictions are limited by limiting the x_0 that they mean. */
export function limitedNoise(
  { alpha, sigma }: LogLevel,
  noise: Vector,
  sample: Vector,
  limit: (original: Vector) => Vector,
): Vector {
  const original = over(weighted([1, sample], [-sigma, noise]), alpha);
  const kept = limit(original);
  return kept === original ? noise : over(weighted([1, sample], [-alpha, kept]), sigma);
}

export function solverLevels(sigmas: Float32Array, isFlow: boolean): LogLevel[] {
  return Array.from(sigmas, (sigma) => withLambda(isFlow ? rectified(sigma) : unitVariance(sigma)));
}

/** Combinations that diffusers refuses or cannot compute. */
export function checkAlgorithm(
  className: string,
  settings: {
    readonly algorithm_type: DpmAlgorithm;
    readonly final_sigmas_type: string;
    readonly prediction_type: string;
    readonly solver_order: number;
  },
): void {
  const { algorithm_type: algorithm } = settings;
  if (algorithm.endsWith('++')) return;
  const refuse = (what: string, hint: string): never => {
    throw new AsyncDiffError('scheduler_unsupported', `${className}: algorithm_type ${algorithm} ${what}`, {
      hint,
    });
  };
  if (settings.final_sigmas_type === 'zero')
    refuse('cannot end at a noise level of zero', 'Set final_sigmas_type to sigma_min, or use dpmsolver++.');
  if (settings.prediction_type === 'flow_prediction')
    refuse('does not take flow_prediction', 'Use dpmsolver++ for models of flow matching.');
  if (algorithm === 'sde-dpmsolver' && settings.solver_order === 3)
    refuse('has no third order', 'Set solver_order to 2, or use sde-dpmsolver++.');
}
