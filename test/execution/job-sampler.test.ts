import { describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { JobSampler } from '../../execution/job-sampler.js';

const vector = (...values: number[]): Tensor => float32(Float32Array.from(values), [values.length]);

/** Two latents, four steps. */
const samplerFrom = (nextStep: number): JobSampler =>
  new JobSampler({
    schedulerConfig: JSON.stringify({ _class_name: 'DDIMScheduler', clip_sample: false }),
    name: 'ddim',
    numInferenceSteps: 4,
    options: {},
    noise: undefined,
    nextStep,
    latents: vector(1, 2),
    history: [],
  });

describe('JobSampler', () => {
  it('gives the latents of the next round when the last step of one is taken, and none after the last step', () => {
    const sampler = samplerFrom(1);
    sampler.endRoundWith(2);
    sampler.endRoundWith(3);
    expect(sampler.take(1, vector(0, 0))).toBeUndefined();
    expect(sampler.take(2, vector(0, 0))).toMatchObject({ step: 3 });
    expect(sampler.take(3, vector(0, 0))).toBeUndefined();
    expect(() => sampler.take(2, vector(0, 0))).toThrow('got step 2');
  });

  it('tells where it stands, so that another one goes on with the same bits', () => {
    const eps = [vector(0.5, -1), vector(-0.25, 2), vector(1, 1), vector(0.125, 3)];
    const config = {
      schedulerConfig: JSON.stringify({ _class_name: 'DPMSolverMultistepScheduler' }),
      name: 'dpmpp_2m',
    };
    const start = {
      ...config,
      numInferenceSteps: 4,
      options: {},
      noise: undefined,
      nextStep: 0,
      latents: vector(1, 2),
      history: [],
    };
    const whole = new JobSampler(start);
    for (const step of [0, 1]) whole.take(step, eps[step] as Tensor);
    const half = whole.stateAfter(1);
    expect([half.nextStep, half.history.length]).toEqual([2, 1]);
    for (const step of [2, 3]) whole.take(step, eps[step] as Tensor);
    const other = new JobSampler({ ...start, ...half });
    for (const step of [2, 3]) other.take(step, eps[step] as Tensor);
    expect(other.stateAfter(3)).toEqual(whole.stateAfter(3));
    expect(half.latents).not.toEqual(whole.stateAfter(3).latents);
  });

  it('refuses a prediction of another size than the latents', () => {
    const sampler = samplerFrom(0);
    expect(() => sampler.take(0, vector(1, 2, 3))).toThrow('the prediction is [3], the latents are [2]');
  });
});
