import { z } from 'zod';
import { AsyncDiffError } from '../common/errors/index.js';
import { alphasCumprod, betaKeys } from './beta-schedule.js';
import { defineSampler } from './definition.js';
import { div, f, mul, sqrt, sub } from './float32.js';
import { variancePreserving } from './level.js';
import { type Advance, newest, type SamplerMethod, type StepInput } from './method.js';
import { conversionAt, noiseAt } from './prediction.js';
import { flag } from './scheduler-config.js';
import { roundHalfEven, spacedTimesteps, timestepSpacing } from './timesteps.js';
import { over, plus, times, type Vector, weighted } from './vector.js';
import { checkTimesteps } from './whole-timesteps.js';

const CLASS = 'PNDMScheduler';
/** Calls of the model in a Runge-Kutta step. */
const RUNGE_KUTTA_CALLS = 4;

const schema = z.object({
  ...betaKeys,
  skip_prk_steps: flag(false),
  set_alpha_to_one: flag(false),
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
  timestep_spacing: timestepSpacing.default('leading'),
  steps_offset: z.int().default(0),
});
type Settings = z.output<typeof schema>;

/**
 * Pseudo numerical methods (Liu et al. 2022): three Runge-Kutta steps of four calls each and a linear multistep method after them, or the
 * latter alone with one call more than there are steps; diffusers' PNDMScheduler.
 */
export const pndm = defineSampler({
  name: 'pndm',
  aliases: ['plms'],
  className: CLASS,
  kind: 'betas',
  schema,
  method(settings, { numInferenceSteps: count }): SamplerMethod {
    const alphas = alphasCumprod(settings);
    const { timesteps, rungeKutta } = callsOf(settings, count);
    checkTimesteps(timesteps, alphas, CLASS, settings.prediction_type, `${count} steps`);
    const finalAlpha = settings.set_alpha_to_one ? 1 : (alphas[0] as number);
    const alphaAt = (timestep: number): number => (timestep >= 0 ? (alphas[timestep] as number) : finalAlpha);
    const length = Math.floor(settings.num_train_timesteps / count);
    const { prediction_type: type } = settings;

    /** From one timestep to another with a mean output; the transfer of section 3.3, equation 11. */
    const transfer = (sample: Vector, from: number, to: number, output: Vector): Vector => {
      const [alpha, next] = [alphaAt(from), alphaAt(to)];
      const level = variancePreserving(alpha);
      const noise = noiseAt(level, type, output, sample);
      const denominator = f(mul(alpha, sqrt(sub(1, next))) + sqrt(mul(alpha, sub(1, alpha), next)));
      return weighted(
        [sqrt(div(next, alpha)), sample],
        [-1, over(times(sub(next, alpha), noise), denominator)],
      );
    };

    /** kept: the sum of outputs, the latents at the beginning of the step, then the first output of each step. */
    const rungeKuttaCall = ({ call, taken, output, sample, kept }: StepInput): Advance => {
      const stage = taken % RUNGE_KUTTA_CALLS;
      const [sum, start = sample, ...outputs] = kept;
      const weight = [1 / 6, 1 / 3, 1 / 3, 1 / 6][stage] as number;
      const added =
        stage === 0 || sum === undefined ? times(weight, output) : plus(sum, times(weight, output));
      const from = rungeKutta[taken - stage] as number;
      const back = taken % 2 === 1 ? 0 : Math.floor(length / 2);
      const to = (timesteps[call] as number) - back;
      const begin = stage === 0 ? sample : start;
      const latents = transfer(begin, from, to, stage === 3 ? added : output);
      return { latents, kept: [added, begin, ...(stage === 0 ? [...outputs, output] : outputs)] };
    };

    /** kept: the latents at the beginning of the first step, while they are needed, and up to four outputs. */
    const multistepCall = (input: StepInput): Advance => {
      const { taken, output } = input;
      const isFirst = settings.skip_prk_steps && taken === 0;
      const isSecond = settings.skip_prk_steps && taken === 1;
      const timestep = timesteps[input.call] as number;
      const before = taken === rungeKutta.length && taken > 0 ? input.kept.slice(2) : input.kept;
      if (isFirst) {
        const latents = transfer(input.sample, timestep, timestep - length, output);
        return { latents, kept: [input.sample, output] };
      }
      if (isSecond) {
        const [start, first] = before as readonly [Vector, Vector];
        const mean = over(plus(output, first), 2);
        return { latents: transfer(start, timestep + length, timestep, mean), kept: [first] };
      }
      const outputs = [...newest(before, 3), output];
      return {
        latents: transfer(input.sample, timestep, timestep - length, meanOf(outputs)),
        kept: newest(outputs, 3),
      };
    };

    const levels = timesteps.map((timestep) => variancePreserving(alphas[timestep] as number));
    const end = variancePreserving(alphaAt((timesteps.at(-1) as number) - length));
    return {
      timesteps,
      initNoiseSigma: 1,
      levels: [...levels, end],
      family: 'ode',
      worthwhile: false,
      conversion: conversionAt(levels, type),
      advance: (input) => (input.taken < rungeKutta.length ? rungeKuttaCall(input) : multistepCall(input)),
    };
  },
});

/** The Adams-Bashforth mean of the last outputs, oldest first. */
export function meanOf(outputs: readonly Vector[]): Vector {
  const [m0, m1, m2, m3] = outputs.toReversed() as [Vector, Vector, Vector, Vector];
  if (outputs.length === 1) return m0;
  if (outputs.length === 2) return over(weighted([3, m0], [-1, m1]), 2);
  if (outputs.length === 3) return over(weighted([23, m0], [-16, m1], [5, m2]), 12);
  return times(1 / 24, weighted([55, m0], [-59, m1], [37, m2], [-9, m3]));
}

function callsOf(settings: Settings, count: number): { timesteps: number[]; rungeKutta: number[] } {
  const { timestep_spacing, num_train_timesteps: trained, steps_offset } = settings;
  const steps = spacedTimesteps(timestep_spacing, trained, count, steps_offset).map(roundHalfEven);
  if (settings.skip_prk_steps) {
    const [first, second] = steps as [number, number | undefined];
    const timesteps = second === undefined ? [first] : [first, second, ...steps.slice(1)];
    return { timesteps, rungeKutta: [] };
  }
  if (count < RUNGE_KUTTA_CALLS) {
    throw new AsyncDiffError(
      'invalid_settings',
      `${CLASS} without skip_prk_steps needs at least ${RUNGE_KUTTA_CALLS} steps; got ${count}`,
      { hint: 'Ask for more steps, or set skip_prk_steps to true in the scheduler config.' },
    );
  }
  // As numpy builds it, rising: the four highest, each with the half step above it, without the topmost half step.
  const half = Math.floor(Math.floor(trained / count) / 2);
  const pairs = steps
    .slice(0, 4)
    .toReversed()
    .flatMap((timestep) => [timestep, timestep + half])
    .slice(0, -1);
  const rungeKutta = pairs
    .flatMap((timestep) => [timestep, timestep])
    .slice(1, -1)
    .toReversed();
  return { rungeKutta, timesteps: [...rungeKutta, ...steps.slice(3)] };
}
