import { z } from 'zod';
import { betaKeys } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { checkAlgorithm, limitedNoise, solverLevels, solverType } from './dpm-solver-multistep.js';
import { type DpmAlgorithm, type DpmSolverType, dpmUpdate } from './dpm-solver-update.js';
import { div, sub } from './float32.js';
import type { LogLevel } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { choice, flag } from './scheduler-config.js';
import { finalSigma, lambdaClipKeys, solverSchedule, solverScheduleKeys } from './solver-schedule.js';
import { solverConversion, solverNoise, solverPrediction } from './solver-prediction.js';
import { minus, over, times, type Vector, weighted } from './vector.js';

const CLASS = 'DPMSolverSinglestepScheduler';

const schema = z.object({
  ...betaKeys,
  ...solverScheduleKeys,
  ...lambdaClipKeys,
  ...thresholdingKeys,
  solver_order: z.literal([1, 2, 3]).default(2),
  prediction_type: solverPrediction.default('epsilon'),
  algorithm_type: choice(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver++'], 'dpmsolver++', {
    deis: 'dpmsolver++',
  }),
  solver_type: solverType,
  lower_order_final: flag(false),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});
type Settings = z.output<typeof schema>;

/**
 * DPM-Solver and DPM-Solver++, singlestep (Lu et al. 2022, algorithm 1): groups of one to three steps, each group from its own beginning; diffusers'
 * DPMSolverSinglestepScheduler. Every step calls the model once.
 */
export const dpmSolverSinglestep = defineSampler({
  name: 'dpmpp_2s',
  className: CLASS,
  kind: 'betas',
  takesFlowSigmas: true,
  options: ['timesteps', 'mu'],
  schema,
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { algorithm_type: algorithm, prediction_type: type, solver_order: most } = settings;
    checkAlgorithm(CLASS, settings);
    // This class has no spacing of timesteps: it is linspace.
    const spacing = { timestep_spacing: 'linspace', steps_offset: 0 } as const;
    const { timesteps, sigmas } = solverSchedule({ ...settings, ...spacing }, numInferenceSteps, options, {
      className: CLASS,
      lastSigma: finalSigma(settings.final_sigmas_type),
    });
    const levels = solverLevels(sigmas, settings.use_flow_sigmas);
    const orders = ordersOf(settings, timesteps.length);
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
      /** kept: the latents at the group's beginning, and what the model meant at the last steps. */
      advance({ call, taken, output, sample, kept, batch, noise }) {
        const limit = (original: Vector): Vector => limited(original, settings, batch);
        const meant = algorithm.endsWith('++')
          ? limit(conversion.toOriginal(output, sample, call))
          : limitedNoise(
              levels[call] as LogLevel,
              solverNoise(levels[call] as LogLevel, type, output, sample),
              sample,
              limit,
            );
        const [before = sample, ...earlier] = kept;
        const outputs = [...earlier, meant];
        const order = Math.min(orders[call] as number, taken + 1);
        const start = order === 1 ? sample : before;
        const around = Array.from({ length: order + 1 }, (_, back) => levels[call + 1 - back] as LogLevel);
        const method = { algorithm, type: settings.solver_type };
        const fresh = isStochastic ? noise() : undefined;
        return {
          latents: singlestepUpdate(method, around, start, newest(outputs, order), fresh),
          kept: [start, ...newest(outputs, most - 1)],
        };
      },
    };
  },
});

/**
 * @param levels the level that the step leads to, then those of the outputs, newest first
 * @param start the latents at the oldest of those levels
 * @param outputs what the model meant there, oldest first; as many as the order
 */
function singlestepUpdate(
  { algorithm, type }: { readonly algorithm: DpmAlgorithm; readonly type: DpmSolverType },
  levels: readonly LogLevel[],
  start: Vector,
  outputs: readonly Vector[],
  noise: Vector | undefined,
): Vector {
  const to = levels[0] as LogLevel;
  const from = levels.at(-1) as LogLevel;
  const [first, second, third] = outputs as [Vector, Vector | undefined, Vector | undefined];
  const step = { from, to };
  const h = sub(to.lambda, from.lambda);
  const slope = (output: Vector, level: LogLevel | undefined): { readonly r: number; readonly d: Vector } => {
    const r = div(sub(level?.lambda ?? Number.NaN, from.lambda), h);
    return { r, d: times(div(1, r), minus(output, first)) };
  };
  if (second === undefined) return dpmUpdate(algorithm, step, start, { d0: first }, noise);
  if (third === undefined) {
    const { d } = slope(second, levels[1]);
    return dpmUpdate(algorithm, step, start, { d0: first, d1: d, d1As: type }, noise);
  }
  const near = slope(second, levels[2]);
  const far = slope(third, levels[1]);
  if (type === 'midpoint') return dpmUpdate(algorithm, step, start, { d0: first, d1: far.d }, noise);
  const distance = sub(far.r, near.r);
  const d1 = over(weighted([far.r, near.d], [-near.r, far.d]), distance);
  const d2 = over(times(2, minus(far.d, near.d)), distance);
  return dpmUpdate(algorithm, step, start, { d0: first, d1, d2 }, noise);
}

/** The order of each step: 1, 2, 3, 1, 2, 3, ..., with less at the end where the number of steps or a last level of zero asks for it. */
function ordersOf(
  { solver_order: most, lower_order_final, final_sigmas_type }: Settings,
  count: number,
): number[] {
  const isZero = final_sigmas_type === 'zero';
  const rising = Array.from({ length: count }, (_, call) => (call % most) + 1);
  if (lower_order_final || count % most !== 0 || isZero) {
    // A last group that would be whole is split, so that the last step is of the first order.
    if (most === 3 && count % 3 === 0) rising[count - 1] = 1;
    if (most === 2 && count % 2 === 0) rising[count - 1] = 1;
  }
  if (isZero) rising[count - 1] = 1;
  return rising;
}
