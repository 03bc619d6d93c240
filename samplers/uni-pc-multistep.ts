import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { betaKeys, zeroSnrKeys } from './beta-schedule.js';
import { limited, thresholdingKeys } from './clipping.js';
import { defineSampler } from './definition.js';
import { solverLevels } from './dpm-solver-multistep.js';
import type { LogLevel } from './level.js';
import { newest, type SamplerMethod } from './method.js';
import type { SamplerOptions } from './sampler-options.js';
import { choice, flag } from './scheduler-config.js';
import { solverSchedule, solverScheduleKeys } from './solver-schedule.js';
import { solverConversion, solverNoise, solverPrediction } from './solver-prediction.js';
import { linspace } from './timesteps.js';
import { uniCorrect, uniPredict, type UniPcStep } from './uni-pc-update.js';
import type { Vector } from './vector.js';

const CLASS = 'UniPCMultistepScheduler';

const schema = z.object({
  ...betaKeys,
  ...zeroSnrKeys,
  ...solverScheduleKeys,
  ...thresholdingKeys,
  time_shift_type: z.enum(['exponential', 'linear']).default('exponential'),
  solver_order: z.int().min(1).max(8).default(2),
  prediction_type: solverPrediction.default('epsilon'),
  predict_x0: flag(true),
  solver_type: choice(['bh1', 'bh2'], 'bh2', { midpoint: 'bh2', heun: 'bh2', logrho: 'bh2' }),
  lower_order_final: flag(true),
  disable_corrector: z.array(z.int()).default([]),
  solver_p: z.literal(null).default(null),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  shift_terminal: z.number().nullable().default(null),
});
type Settings = z.output<typeof schema>;

/** A predictor and a corrector that costs no call of the model, of any order (Zhao et al. 2023): diffusers' UniPCMultistepScheduler. */
export const uniPCMultistep = defineSampler({
  name: 'unipc',
  className: CLASS,
  kind: 'betas',
  takesFlowSigmas: true,
  options: ['sigmas', 'mu'],
  schema,
  method(settings, { numInferenceSteps, options }): SamplerMethod {
    const { prediction_type: type, solver_order: most } = settings;
    check(settings, options);
    const { timesteps, sigmas } = solverSchedule(settings, numInferenceSteps, options, {
      className: CLASS,
      lastSigma: (spaced, trained, isSpaced) => {
        if (settings.final_sigmas_type === 'zero') return 0;
        return (isSpaced ? spaced.at(-1) : trained[0]) as number;
      },
      flowSigmas: (count) => flowSigmas(settings, options, count),
    });
    const levels = solverLevels(sigmas, settings.use_flow_sigmas);
    const levelAt = (call: number): LogLevel => levels[call] as LogLevel;
    const conversion = solverConversion(levels, sigmas, type);
    const solver = { predictsOriginal: settings.predict_x0, solver: settings.solver_type };
    const orderAt = (call: number, taken: number): number => {
      const left = settings.lower_order_final ? timesteps.length - call : most;
      return Math.min(most, left, taken + 1);
    };
    /** From the level of `call` on, with as many outputs as `order`. */
    const stepFrom = (
      call: number,
      order: number,
      sample: Vector,
      outputs: readonly Vector[],
    ): UniPcStep => ({
      from: levelAt(call),
      to: levelAt(call + 1),
      sample,
      outputs: newest(outputs, order).toReversed(),
      before: Array.from({ length: order - 1 }, (_, i) => levelAt(call - 1 - i)),
    });
    return {
      timesteps,
      sigmas,
      initNoiseSigma: 1,
      levels,
      family: settings.use_flow_sigmas ? 'flow' : 'ode',
      conversion,
      /** kept: the (corrected) latents of the call before, and what the model meant at the last calls. */
      advance({ call, taken, output, sample, kept, batch }) {
        const meant = settings.predict_x0
          ? limited(conversion.toOriginal(output, sample, call), settings, batch)
          : solverNoise(levelAt(call), type, output, sample);
        const [before, ...earlier] = kept;
        const isCorrected = before !== undefined && !settings.disable_corrector.includes(call - 1);
        const corrected = isCorrected
          ? uniCorrect(solver, stepFrom(call - 1, orderAt(call - 1, taken - 1), before, earlier), meant)
          : sample;
        const outputs = newest([...earlier, meant], most);
        const step = stepFrom(call, orderAt(call, taken), corrected, outputs);
        return { latents: uniPredict(solver, step), kept: [corrected, ...outputs] };
      },
    };
  },
});

/** Combinations that diffusers refuses. */
function check(settings: Settings, { sigmas, mu }: SamplerOptions): void {
  const refuse = (message: string): never => {
    throw new AsyncDiffError('invalid_settings', `${CLASS}: ${message}`);
  };
  if (settings.use_dynamic_shifting && mu === undefined) refuse('use_dynamic_shifting needs the option mu');
  if (sigmas !== undefined && !settings.use_flow_sigmas)
    refuse('sigmas can be given with use_flow_sigmas only');
  if (sigmas !== undefined && settings.use_karras_sigmas)
    refuse('sigmas cannot be given with use_karras_sigmas');
  if (settings.shift_terminal !== null && !settings.use_flow_sigmas)
    refuse('shift_terminal is for use_flow_sigmas only');
  if (!settings.predict_x0 && settings.prediction_type === 'flow_prediction')
    refuse('flow_prediction needs predict_x0');
}

/** Shifted, stretched to the terminal share of noise, and kept from 1, where there is no signal to divide by. */
function flowSigmas(settings: Settings, { sigmas: given, mu = 0 }: SamplerOptions, count: number): number[] {
  const { num_train_timesteps: trained, flow_shift: shift, shift_terminal: terminal } = settings;
  const start = given ?? linspace(1, 1 / trained, count + 1).slice(0, -1);
  const strength = settings.time_shift_type === 'exponential' ? Math.exp(mu) : mu;
  let sigmas = start.map((sigma) =>
    settings.use_dynamic_shifting
      ? strength / (strength + (1 / sigma - 1))
      : (shift * sigma) / (1 + (shift - 1) * sigma),
  );
  if (terminal !== null && terminal !== 0) {
    const scale = (1 - (sigmas.at(-1) as number)) / (1 - terminal);
    sigmas = sigmas.map((sigma) => 1 - (1 - sigma) / scale);
  }
  const first = sigmas[0] as number;
  if (Math.abs(first - 1) < 1e-6) sigmas[0] = first - 1e-6;
  return sigmas;
}
