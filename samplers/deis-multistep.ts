import { z } from 'zod';
import { betaKeys } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { orderAt, solverLevels } from './dpm-solver-multistep.js';
import { dpmUpdate } from './dpm-solver-update.js';
import { add, div, f, mul, square, sub } from './float32.js';
import type { LogLevel } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { numpyLog } from './numpy-log.js';
import { choice, flag } from './scheduler-config.js';
import { repeatedSigma, solverSchedule, solverScheduleKeys } from './solver-schedule.js';
import { solverConversion, solverPrediction } from './solver-prediction.js';
import { over, times, type Vector, weighted } from './vector.js';

const CLASS = 'DEISMultistepScheduler';

/** Diffusion exponential integrators, log-rho, orders 1 to 3 (Zhang and Chen 2022): diffusers' DEISMultistepScheduler. */
export const deisMultistep = defineSampler({
  name: 'deis',
  className: CLASS,
  kind: 'betas',
  takesFlowSigmas: true,
  options: ['mu'],
  schema: z.object({
    ...betaKeys,
    ...solverScheduleKeys,
    ...thresholdingKeys,
    solver_order: z.literal([1, 2, 3]).default(2),
    prediction_type: solverPrediction.default('epsilon'),
    algorithm_type: choice(['deis'], 'deis', { dpmsolver: 'deis', 'dpmsolver++': 'deis' }),
    solver_type: choice(['logrho'], 'logrho', {
      midpoint: 'logrho',
      heun: 'logrho',
      bh1: 'logrho',
      bh2: 'logrho',
    }),
    lower_order_final: flag(true),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { timesteps, sigmas } = solverSchedule(settings, numInferenceSteps, options, {
      className: CLASS,
      lastSigma: repeatedSigma,
    });
    const levels = solverLevels(sigmas, settings.use_flow_sigmas);
    const conversion = solverConversion(levels, sigmas, settings.prediction_type);
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels,
      family: settings.use_flow_sigmas ? 'flow' : 'ode',
      conversion,
      advance({ call, taken, output, sample, kept, batch }) {
        const { alpha, sigma } = levels[call] as LogLevel;
        const original = limited(conversion.toOriginal(output, sample, call), settings, batch);
        // The class divides by sigma itself where a velocity is predicted; with flow sigmas the two are one.
        const divisor = settings.prediction_type === 'flow_prediction' ? (sigmas[call] as number) : sigma;
        const noise = over(weighted([1, sample], [-alpha, original]), divisor);
        const outputs = [...kept, noise];
        const order = orderAt(call, taken, timesteps.length, settings);
        const around = Array.from({ length: order + 1 }, (_, back) => levels[call + 1 - back] as LogLevel);
        return {
          latents: deisUpdate(around, sample, newest(outputs, order)),
          kept: newest(outputs, settings.solver_order - 1),
        };
      },
    };
  },
});

/** @param levels the level that the step leads to, then those of the outputs (noise, oldest first), newest first */
function deisUpdate(levels: readonly LogLevel[], sample: Vector, outputs: readonly Vector[]): Vector {
  const [to, from] = levels as [LogLevel, LogLevel];
  if (outputs.length === 1) return dpmUpdate('dpmsolver', { from, to }, sample, { d0: outputs[0] as Vector });
  const [rho, ...rhos] = levels.map((level) => div(level.sigma, level.alpha)) as [number, ...number[]];
  const integral = outputs.length === 2 ? integralOfTwo : integralOfThree;
  const start = rhos[0] as number;
  const terms = outputs.toReversed().map((output, at): [number, Vector] => {
    // The output's own point first, then the others, in the order in which they follow it around.
    const points = [...rhos.slice(at), ...rhos.slice(0, at)];
    return [sub(integral(rho, points), integral(start, points)), output];
  });
  return times(to.alpha, weighted([1, over(sample, from.alpha)], ...terms));
}

/** Integrals by rho of the Lagrange polynomials in log rho through two and three points. */
function integralOfTwo(t: number, points: readonly number[]): number {
  const [b, c] = points.map(numpyLog) as [number, number];
  return div(mul(t, sub(add(-c, numpyLog(t)), 1)), sub(b, c));
}

function integralOfThree(t: number, points: readonly number[]): number {
  const [b, c, d] = points.map(numpyLog) as [number, number, number];
  const at = numpyLog(t);
  const inner = add(sub(add(add(sub(mul(c, f(sub(d, at) + 1)), mul(d, at)), d), square(at)), mul(2, at)), 2);
  return div(mul(t, inner), mul(sub(b, c), sub(b, d)));
}
