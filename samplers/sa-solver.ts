import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betaKeys } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { limitedNoise, solverLevels } from './dpm-solver-multistep.js';
import type { LogLevel } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import { saUpdate } from './sa-solver-update.js';
import { flag } from './scheduler-config.js';
import { lambdaClipKeys, repeatedSigma, solverSchedule, solverScheduleKeys } from './solver-schedule.js';
import { solverConversion, solverNoise, solverPrediction } from './solver-prediction.js';
import type { Vector } from './vector.js';

const CLASS = 'SASolverScheduler';

/** A stochastic Adams method with predictor and corrector (Xue et al. 2023): diffusers' SASolverScheduler. */
export const saSolver = defineSampler({
  name: 'sa_solver',
  className: CLASS,
  kind: 'betas',
  takesFlowSigmas: true,
  schema: z.object({
    ...betaKeys,
    ...solverScheduleKeys,
    ...lambdaClipKeys,
    ...thresholdingKeys,
    predictor_order: z.int().min(1).max(4).default(2),
    corrector_order: z.int().min(1).max(4).default(2),
    prediction_type: solverPrediction.default('epsilon'),
    // A Python function; a config that was saved has none.
    tau_func: z.literal(null).default(null),
    algorithm_type: z.enum(['data_prediction', 'noise_prediction']).default('data_prediction'),
    lower_order_final: flag(true),
  }),
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { prediction_type: type, predictor_order, corrector_order } = settings;
    const predictsOriginal = settings.algorithm_type === 'data_prediction';
    if (!predictsOriginal && type === 'flow_prediction')
      throw new AsyncDiffError('invalid_settings', `${CLASS}: flow_prediction needs data_prediction`);
    const { timesteps, sigmas } = solverSchedule(settings, numInferenceSteps, options, {
      className: CLASS,
      lastSigma: repeatedSigma,
    });
    const levels = solverLevels(sigmas, settings.use_flow_sigmas);
    const levelAt = (call: number): LogLevel => levels[call] as LogLevel;
    const conversion = solverConversion(levels, sigmas, type);
    const memory = Math.max(predictor_order, corrector_order - 1);
    const left = (call: number): number =>
      settings.lower_order_final ? timesteps.length - call : Number.POSITIVE_INFINITY;
    /** Noise in the middle of the schedule only, which is the class's default. */
    const tauAt = (call: number): number => {
      const timestep = timesteps[call] as number;
      return timestep >= 200 && timestep <= 800 ? 1 : 0;
    };
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels,
      family: 'stochastic',
      draws: () => 1,
      conversion,
      /** kept: latents and noise of the call before, and what the model meant at the last calls. */
      advance({ call, taken, output, sample, kept, batch, noise }) {
        const limit = (original: Vector): Vector => limited(original, settings, batch);
        const meant = predictsOriginal
          ? limit(conversion.toOriginal(output, sample, call))
          : limitedNoise(levelAt(call), solverNoise(levelAt(call), type, output, sample), sample, limit);
        const [before, noiseBefore, ...earlier] = kept;
        const common = { predictsOriginal };
        const levelsFrom = (order: number): LogLevel[] =>
          Array.from({ length: order }, (_, back) => levelAt(call - back));
        let corrected = sample;
        if (before !== undefined && noiseBefore !== undefined) {
          const seen = Math.min(taken - 1, memory);
          const order = Math.min(corrector_order, left(call - 1) + 1, seen + 2);
          corrected = saUpdate(
            {
              ...common,
              from: levelAt(call - 1),
              to: levelAt(call),
              sample: before,
              outputs: newest([...earlier, meant], order).toReversed(),
              levels: levelsFrom(order),
              noise: noiseBefore,
              tau: tauAt(call - 1),
            },
            true,
          );
        }
        const outputs = newest([...earlier, meant], memory);
        const order = Math.min(predictor_order, left(call), Math.min(taken, memory) + 1);
        const fresh = noise();
        const latents = saUpdate(
          {
            ...common,
            from: levelAt(call),
            to: levelAt(call + 1),
            sample: corrected,
            outputs: newest(outputs, order).toReversed(),
            levels: levelsFrom(order),
            noise: fresh,
            tau: tauAt(call),
          },
          false,
        );
        return { latents, kept: [corrected, fresh, ...outputs] };
      },
    };
  },
});
