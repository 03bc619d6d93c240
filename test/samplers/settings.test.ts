import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  createSampler,
  forLatents,
  SAMPLERS,
  SeededNoise,
  type SchedulerConfig,
} from '../../samplers/index.js';
import { samplerConfig } from '../support/sampler-config.js';

const config = samplerConfig;

const noise = (): SeededNoise => new SeededNoise({ seed: 7n, drawnBefore: [3] });

/** The whole run of a sampler over a fixed model, as one list. */
function trajectory(of: SchedulerConfig, steps: number, name?: string): number[] {
  const sampler = createSampler(of, steps, { name, noise: noise() });
  let x: Float32Array = Float32Array.from([0.5, -1.2, 2], (value) => value * sampler.initNoiseSigma);
  const all: number[] = [...sampler.timesteps];
  for (let i = 0; i < sampler.numCalls; i += 1) {
    x = sampler.step(
      sampler.scaleModelInput(x, i).map((value) => 0.3 * value),
      i,
      x,
    );
    all.push(...x);
  }
  return all;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AsyncDiffError) return error.code;
    throw error;
  }
  return 'none';
}

describe('choosing a sampler', () => {
  test('names and classes are unique', () => {
    expect(new Set(SAMPLERS.map((sampler) => sampler.name)).size).toBe(SAMPLERS.length);
    expect(new Set(SAMPLERS.map((sampler) => sampler.className)).size).toBe(SAMPLERS.length);
  });

  test('a name carries the shared keys over and leaves the rest at their defaults', () => {
    const pndm = config('PNDMScheduler', { skip_prk_steps: true });
    expect(trajectory(pndm, 6, 'ddim')).toEqual(trajectory(config('DDIMScheduler'), 6));
    expect(trajectory(pndm, 6, 'euler')).toEqual(trajectory(config('EulerDiscreteScheduler'), 6));
    expect(createSampler(pndm, 6, { name: 'dpmpp_2m' }).name).toBe('dpmpp_2m');
  });

  test('the name of its own class changes nothing', () => {
    expect(trajectory(config('DDIMScheduler'), 6, 'ddim')).toEqual(trajectory(config('DDIMScheduler'), 6));
  });

  test('DDIM from an Euler config clips by default, and forLatents turns that off', () => {
    const { clip_sample: _, ...keys } = config('EulerDiscreteScheduler');
    const euler: SchedulerConfig = { ...keys, _class_name: 'EulerDiscreteScheduler' };
    expect(trajectory(euler, 6, 'ddim')).toEqual(
      trajectory(config('DDIMScheduler', { clip_sample: true }), 6),
    );
    expect(trajectory(forLatents(euler), 6, 'ddim')).toEqual(trajectory(config('DDIMScheduler'), 6));
  });

  test.each(['RePaintScheduler', 'VQDiffusionScheduler', 'Nonsense'])(
    '%s is not taken for something else',
    (className) => {
      expect(() => createSampler(config(className), 4)).toThrow(
        `[scheduler_unsupported] scheduler ${className} is not supported; supported: DDIMScheduler`,
      );
    },
  );

  test('aliases and class names are names as well, in any case', () => {
    const pndm = config('PNDMScheduler', { skip_prk_steps: true });
    for (const name of ['euler_ancestral', 'EulerAncestralDiscreteScheduler', 'EULER_A'])
      expect(createSampler(pndm, 4, { name }).name).toBe('euler_a');
  });

  test('keys that are only the defaults of the old class give way to those of the new one', () => {
    const old = { ...config('PNDMScheduler'), timestep_spacing: 'leading' };
    const spacing = (more: object): number =>
      createSampler({ ...old, ...more }, 4, { name: 'euler' }).timesteps[0] as number;
    expect(spacing({})).toBe(751);
    expect(spacing({ _use_default_values: ['timestep_spacing'] })).toBe(999);
  });

  test.each([
    ['DDIMScheduler', 'no_such_sampler'],
    ['DDIMScheduler', 'flow_match_euler'],
    ['FlowMatchEulerDiscreteScheduler', 'ddim'],
    ['Nonsense', 'ddim'],
  ])('%s cannot run as %s', (className, name) => {
    expect(codeOf(() => createSampler(config(className), 4, { name }))).toBe('scheduler_unsupported');
  });
});

describe('settings', () => {
  test.each([0, -1, 1.5, 1001, Number.NaN])('%s steps are refused', (steps) => {
    for (const { className } of SAMPLERS) {
      expect(codeOf(() => createSampler(config(className), steps))).toBe('invalid_settings');
    }
  });

  test.each([
    ['DDIMScheduler', { beta_schedule: 'sigmoid' }],
    ['DDIMScheduler', { prediction_type: 'flow_prediction' }],
    ['EulerDiscreteScheduler', { interpolation_type: 'cubic' }],
    ['EulerAncestralDiscreteScheduler', { prediction_type: 'sample' }],
    ['DPMSolverMultistepScheduler', { algorithm_type: 'ddim' }],
    ['DPMSolverMultistepScheduler', { solver_order: 4 }],
    ['DPMSolverMultistepScheduler', { final_sigmas_type: 'one' }],
    ['FlowMatchEulerDiscreteScheduler', { time_shift_type: 'square' }],
  ] as const)('%s refuses %o, naming the key', (className, more) => {
    const [key, value] = Object.entries(more)[0] as [string, unknown];
    const run = (): unknown => createSampler(config(className, more), 4);
    expect(codeOf(run)).toBe('scheduler_unsupported');
    expect(run).toThrow(`${className} with ${key} = ${JSON.stringify(value)} is not supported; supported:`);
  });

  test.each([
    { beta_start: '0.1' },
    { beta_end: 2 },
    { num_train_timesteps: 0 },
    { steps_offset: 0.5 },
    { clip_sample: 'yes' },
    { trained_betas: [0.1, 0.2] },
  ])('%o is invalid', (more) => {
    expect(codeOf(() => createSampler(config('DDIMScheduler', more), 1))).toBe('invalid_settings');
  });

  test('trained_betas stand in for a schedule', () => {
    const linear = {
      num_train_timesteps: 4,
      beta_schedule: 'linear',
      beta_start: 0.1,
      beta_end: 0.4,
      steps_offset: 0,
    };
    const trained = { num_train_timesteps: 4, trained_betas: [0.1, 0.2, 0.3, 0.4], steps_offset: 0 };
    const expected = trajectory(config('DDIMScheduler', linear), 4);
    trajectory(config('DDIMScheduler', trained), 4).forEach((value, i) =>
      expect(value).toBeCloseTo(expected[i] as number, 5),
    );
  });

  test('zero terminal SNR: epsilon has no solution in DDIM, and the sigma-based samplers stay finite', () => {
    const more = { rescale_betas_zero_snr: true, timestep_spacing: 'trailing' };
    expect(codeOf(() => createSampler(config('DDIMScheduler', more), 4))).toBe('invalid_settings');
    for (const className of ['EulerDiscreteScheduler', 'DPMSolverMultistepScheduler']) {
      const of = config(className, { ...more, prediction_type: 'v_prediction' });
      expect(trajectory(of, 6).every(Number.isFinite)).toBe(true);
    }
  });

  test('a step beyond the trained timesteps is named', () => {
    expect(() => createSampler(config('DDIMScheduler'), 1000)).toThrow('reach timestep 1000');
  });

  test('lambda_min_clipped starts DPM-Solver++ later', () => {
    const more = { beta_schedule: 'squaredcos_cap_v2', lambda_min_clipped: -5.1 };
    const first = createSampler(config('DPMSolverMultistepScheduler', more), 10).timesteps[0] as number;
    expect(first).toBeGreaterThan(950);
    expect(first).toBeLessThan(999);
  });
});

describe('steps', () => {
  test.each(SAMPLERS.map(({ name, className }) => [name, className] as const))('%s', (_, className) => {
    const sampler = createSampler(config(className), 3, { noise: noise() });
    const x = new Float32Array([1, 2]);
    expect(codeOf(() => sampler.step(x, 1, x))).toBe('internal');
    expect(codeOf(() => sampler.step(new Float32Array(3), 0, x))).toBe('internal');
    sampler.step(x, 0, x);
    expect(codeOf(() => sampler.step(x, 0, x))).toBe('internal');
    expect(x).toEqual(new Float32Array([1, 2]));
    sampler.resume(0, []);
    sampler.step(x, 0, x);
  });

  test('a sampler that draws noise and has no source of it says so', () => {
    const sampler = createSampler(config('EulerAncestralDiscreteScheduler'), 3);
    const x = new Float32Array([1, 2]);
    expect(() => sampler.step(x, 0, x)).toThrow('euler_a draws fresh noise');
  });

  test('every sampler, spacing and number of steps gives finite latents', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLERS),
        fc.constantFrom('linspace', 'leading', 'trailing'),
        fc.constantFrom('epsilon', 'v_prediction'),
        fc.integer({ min: 2, max: 120 }),
        (definition, spacing, prediction, most) => {
          const { className, kind } = definition;
          // Distilled models have few steps; classes with a noise schedule of their own predict one thing.
          const steps = /^(LCM|TCD|CM)/.test(className) ? Math.min(most, 40) : most;
          const type = kind === 'own' ? {} : { prediction_type: prediction };
          const of = config(className, { timestep_spacing: spacing, ...type });
          const sampler = createSampler(of, steps, { noise: noise() });
          sampler.timesteps.forEach((t, i) => {
            if (i > 1) expect(t).toBeLessThanOrEqual(sampler.timesteps[i - 2] as number);
          });
          expect(trajectory(of, steps).every(Number.isFinite)).toBe(true);
        },
      ),
    );
  });
});
