import { describe, expect, test } from 'vitest';
import { createSampler, GivenNoise, type Sampler, type SamplerOptions } from '../../samplers/index.js';
import { samplerConfig as config } from '../support/sampler-config.js';

const STEPS = 6;
const SIZE = 4;

function sampler(className: string, options: SamplerOptions = {}): Sampler {
  const draws = Array.from({ length: 40 }, (_, draw) =>
    Float32Array.from({ length: SIZE }, (_each, i) => Math.cos(draw + i)),
  );
  return createSampler(config(className), STEPS, { options, noise: new GivenNoise(draws) });
}

function run(one: Sampler, start: Float32Array): Float32Array {
  let latents = start;
  for (let call = 0; call < one.numCalls; call += 1) {
    const scaled = one.scaleModelInput(latents, call);
    const output = scaled.map((value, i) => 0.3 * value + Math.sin((one.timesteps[call] as number) + i));
    latents = one.step(output, call, latents);
  }
  return latents;
}

describe('a run that two predictors share', () => {
  test.each([
    'DDIMScheduler',
    'EulerAncestralDiscreteScheduler',
    'HeunDiscreteScheduler',
    'LMSDiscreteScheduler',
    'DPMSolverMultistepScheduler',
    'UniPCMultistepScheduler',
    'PNDMScheduler',
    'FlowMatchEulerDiscreteScheduler',
  ])('%s: two spans, the second with the history of the first, are the run', (className) => {
    const start = Float32Array.from([0.5, -1, 2, 0.1]);
    const whole = sampler(className);
    const expected = run(whole, start);
    for (let at = 1; at < whole.numCalls; at += 1) {
      const first = sampler(className, { end_index: at });
      const second = sampler(className, { begin_index: at, continues: true });
      expect([...first.timesteps, ...second.timesteps]).toEqual([...whole.timesteps]);
      const between = run(first, start);
      second.resume(0, first.history());
      expect(run(second, between)).toEqual(expected);
    }
  });

  test('a span without calls is refused', () => {
    expect(() => sampler('DDIMScheduler', { begin_index: 3, end_index: 3 })).toThrow('leaves none');
  });
});
