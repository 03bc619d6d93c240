import { z } from 'zod';
import { ancestralSplit } from './ancestral.js';
import { latentBetaKeys } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import {
  addedNoiseLevels,
  discreteSigmaKeys,
  discreteSigmas,
  initialSigma,
  interleaved,
  scaledInput,
} from './discrete-sigmas.js';
import { div, exp, expm1, f, log, sub } from './float32.js';
import type { Advance, SamplerMethod, StepInput } from './method.js';
import { addedNoiseConversion } from './prediction.js';
import { sigmaToTimestep } from './timesteps.js';
import { minus, over, plus, times, type Vector, weighted } from './vector.js';

/**
 * DPM-Solver++ for the stochastic equation, two calls a step and one in the last: k-diffusion's sample_dpmpp_sde; diffusers'
 * DPMSolverSDEScheduler. Its noise is a Brownian path over sigma, which torchsde makes.
 */
export const dpmSolverSde = defineSampler({
  name: 'dpmpp_sde',
  className: 'DPMSolverSDEScheduler',
  kind: 'betas',
  options: ['s_noise'],
  schema: z.object({
    ...latentBetaKeys,
    ...discreteSigmaKeys,
    prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
    noise_sampler_seed: z.int().min(0).nullable().default(null),
  }),
  method(settings, { numInferenceSteps: count, options }): SamplerMethod {
    // Its Karras sigmas do not know the keys for the ends; the other spacings do.
    const ends = settings.use_karras_sigmas ? { sigma_min: null, sigma_max: null } : {};
    const spaced = discreteSigmas({ ...settings, ...ends }, count, { single: false });
    const sigmas = Float32Array.from([...spaced.sigmas, 0]);
    const range = [sigmas[count - 1] as number, sigmas.reduce((a, b) => Math.max(a, b))] as const;
    const middleTimesteps = middlesOf(spaced.sigmas).map((sigma) => sigmaToTimestep(sigma, spaced.logSigmas));
    const timesteps = spaced.timesteps.flatMap((timestep, k) =>
      k === count - 1 ? [timestep] : [timestep, middleTimesteps[k] as number],
    );
    const levels = timesteps.map((_, call) => {
      const step = Math.floor(call / 2);
      return call % 2 === 0 ? (sigmas[step] as number) : exp(-middleTime(sigmas, step));
    });
    const sigmaAt = (call: number): number => levels[call] as number;
    const conversion = addedNoiseConversion(sigmaAt, settings.prediction_type);
    return {
      timesteps,
      sigmas: interleaved(sigmas, false),
      initNoiseSigma: initialSigma(settings.timestep_spacing, sigmas),
      levels: addedNoiseLevels([...levels, 0]),
      family: 'stochastic',
      draws: (call) => (call === timesteps.length - 1 ? 0 : 1),
      conversion,
      scaleModelInput: (sample, call) => scaledInput(sample, sigmaAt(call)),
      advance(input) {
        const { call, output, sample } = input;
        const original = conversion.toOriginal(output, sample, call);
        const step = Math.floor(call / 2);
        const sigma = sigmas[step] as number;
        if (step === count - 1) {
          const derivative = over(minus(sample, original), sigma);
          return { latents: plus(sample, times(sub(0, sigma), derivative)), predOriginalSample: original };
        }
        const isFirst = call % 2 === 0;
        const until = isFirst ? middleTime(sigmas, step) : -log(sigmas[step + 1] as number);
        const start = isFirst ? sample : (input.kept[0] as Vector);
        const seed = settings.noise_sampler_seed ?? undefined;
        return {
          ...ancestralStep(
            input,
            { start, original, from: -log(sigma), until, range, seed },
            options.s_noise,
          ),
          ...(isFirst ? { kept: [sample] } : {}),
        };
      },
    };
  },
});

interface AncestralStep {
  readonly start: Vector;
  readonly original: Vector;
  /** Times: minus the logarithm of sigma. */
  readonly from: number;
  readonly until: number;
  readonly range: readonly [number, number];
  readonly seed: number | undefined;
}

function ancestralStep(
  { brownian }: StepInput,
  { start, original, from, until, range, seed }: AncestralStep,
  strength = 1,
): Advance {
  const [sigmaFrom, sigmaTo] = [exp(-from), exp(-until)];
  const split = ancestralSplit(sigmaFrom, sigmaTo);
  const up = Math.min(sigmaTo, split.up);
  const down = up === split.up ? split.down : 0;
  const time = -log(down);
  const mean = weighted([div(exp(-time), sigmaFrom), start], [-expm1(sub(from, time)), original]);
  const noise = times(up, times(strength, brownian({ range, from: sigmaFrom, to: sigmaTo, seed })));
  return { latents: plus(mean, noise), predOriginalSample: original };
}

/** Halfway between a step's two times, float32. */
function middleTime(sigmas: Float32Array, step: number): number {
  const from = -log(sigmas[step] as number);
  const to = -log(sigmas[step + 1] as number);
  return f(from + f(f(to - from) * 0.5));
}

/** The same between the unrounded sigmas, in double, for the timesteps. */
function middlesOf(sigmas: readonly number[]): number[] {
  const times = sigmas.map((sigma) => -Math.log(sigma));
  return times.slice(0, -1).map((time, k) => Math.exp(-(time + ((times[k + 1] as number) - time) * 0.5)));
}
