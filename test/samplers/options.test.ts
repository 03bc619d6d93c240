import { describe, expect, test } from 'vitest';
import { AsyncDiffError } from '../../common/errors/index.js';
import { createSampler } from '../../samplers/index.js';
import { samplerConfig as config } from '../support/sampler-config.js';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AsyncDiffError) return error.code;
    throw error;
  }
  return 'none';
}

describe('options', () => {
  test('one that the sampler does not take is named, with those that it takes', () => {
    expect(() => createSampler(config('EulerDiscreteScheduler'), 4, { options: { eta: 0.5 } })).toThrow(
      'the sampler euler has no option eta; it has: sigmas, timesteps, s_churn',
    );
  });

  test.each([
    ['DDIMScheduler', { eta: 2 }],
    ['DDIMScheduler', { begin_index: 4 }],
    ['EulerDiscreteScheduler', { sigmas: [3, 2, 1] }],
    ['FlowMatchEulerDiscreteScheduler', { sigmas: [1, 0.5], timesteps: [1] }],
    ['DPMSolverMultistepScheduler', { mu: 1 }],
  ] as const)('%s with %o is invalid', (className, options) => {
    expect(codeOf(() => createSampler(config(className), 4, { options }))).toBe('invalid_settings');
  });

  test('dynamic shifting without mu says what is missing', () => {
    const dynamic = config('FlowMatchEulerDiscreteScheduler', { use_dynamic_shifting: true });
    expect(() => createSampler(dynamic, 4)).toThrow('needs mu');
  });

  test('PNDM with Runge-Kutta steps has room for them, or says so', () => {
    const pndm = config('PNDMScheduler', { skip_prk_steps: false });
    expect(() => createSampler(pndm, 3)).toThrow('needs at least 4 steps');
    expect(createSampler(pndm, 4).numCalls).toBe(13);
  });

  test('spacings of sigmas exclude each other', () => {
    const both = config('EulerDiscreteScheduler', { use_karras_sigmas: true, use_beta_sigmas: true });
    expect(() => createSampler(both, 4)).toThrow('use_karras_sigmas and use_beta_sigmas exclude each other');
  });

  test('explicit timesteps say how many steps there are', () => {
    const options = { timesteps: [999, 500, 10] };
    expect(createSampler(config('EulerDiscreteScheduler'), undefined, { options }).timesteps).toEqual([
      999, 500, 10,
    ]);
  });

  test('a later begin leaves out the calls before it', () => {
    const whole = createSampler(config('HeunDiscreteScheduler'), 5);
    const late = createSampler(config('HeunDiscreteScheduler'), 5, { options: { begin_index: 4 } });
    expect(late.timesteps).toEqual(whole.timesteps.slice(4));
    expect(late.numCalls).toBe(whole.numCalls - 4);
  });
});
