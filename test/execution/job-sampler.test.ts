import { describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { JobSampler, type JobSamplerOptions, type SampledRound } from '../../execution/job-sampler.js';
import { LATENTS, predictedLatents } from '../../program/index.js';
import { createSampler, parseSchedulerConfig } from '../../samplers/index.js';

const vector = (...values: number[]): Tensor => float32(Float32Array.from(values), [values.length]);

/** Two latents, four steps. */
const samplerFrom = (nextStep: number, more: Partial<JobSamplerOptions> = {}): JobSampler => {
  const config = { _class_name: 'DDIMScheduler', clip_sample: false, timestep_spacing: 'trailing' };
  const sampler = createSampler(parseSchedulerConfig(JSON.stringify(config)), 4);
  sampler.resume(nextStep, []);
  return new JobSampler({ sampler, nextStep, latents: vector(1, 2), ...more });
};

const round = (firstStep: number, more: Partial<SampledRound> = {}): SampledRound => ({
  firstStep,
  lastStep: firstStep,
  latents: [{ name: LATENTS, version: firstStep, step: firstStep }],
  mayHold: false,
  ...more,
});

describe('JobSampler', () => {
  it('gives the latents of a round as soon as it stands there and the round is known', () => {
    const sampler = samplerFrom(1);
    expect(sampler.issue(round(1, { lastStep: 2 }))).toMatchObject([{ name: LATENTS, version: 1 }]);
    expect(sampler.take(1, vector(0, 0))).toEqual([]);
    expect(sampler.issue(round(3))).toEqual([]);
    expect(sampler.take(2, vector(0, 0))).toMatchObject([{ name: LATENTS, version: 3 }]);
    expect(sampler.take(3, vector(0, 0))).toEqual([]);
    expect(() => sampler.take(2, vector(0, 0))).toThrow('got step 2');
  });

  it('tells where it stands, so that another one goes on with the same bits', () => {
    const eps = [vector(0.5, -1), vector(-0.25, 2), vector(1, 1), vector(0.125, 3)];
    const lookAhead = { slope: 1, gateAbove: 0, tolerance: undefined, holds: 0 };
    const create = () =>
      createSampler(parseSchedulerConfig('{"_class_name":"DPMSolverMultistepScheduler"}'), 4);
    const ahead = (step: number): SampledRound =>
      round(step, { latents: [{ name: predictedLatents(1), version: step, step: Math.min(step + 1, 3) }] });
    const run = (sampler: JobSampler, steps: readonly number[]) =>
      steps.map((step) => [sampler.issue(ahead(step)), sampler.take(step, eps[step] as Tensor)]);
    const whole = new JobSampler({ sampler: create(), nextStep: 0, latents: vector(1, 2), lookAhead });
    whole.take(0, eps[0] as Tensor);
    run(whole, [1]);
    const half = whole.state();
    expect([half.nextStep, half.history.length, half.foresight?.values.length]).toEqual([2, 1, 2]);
    const other = create();
    other.resume(half.nextStep, half.history);
    const resumed = new JobSampler({ sampler: other, ...half, lookAhead });
    expect(run(resumed, [2, 3])).toEqual(run(whole, [2, 3]));
    expect(resumed.state()).toEqual(whole.state());
    expect(half.latents).not.toEqual(whole.state().latents);
  });

  it('holds the job before a round where the latents have drifted, and then makes none', () => {
    const lookAhead = { slope: 1, gateAbove: undefined, tolerance: 0.01, holds: 1 };
    const heldAt = (mayHold: boolean, holds = 1) => {
      const sampler = samplerFrom(0, { lookAhead: { ...lookAhead, holds } });
      sampler.issue(round(0));
      for (const [step, eps] of [vector(0, 0), vector(0, 0), vector(9, -9)].entries()) {
        sampler.issue(round(step + 1, { mayHold }));
        if (sampler.held) return [step, sampler.state().nextStep];
        sampler.take(step, eps);
      }
      return sampler.held ? [2, sampler.state().nextStep] : undefined;
    };
    expect(heldAt(true)).toEqual([2, 3]);
    expect(heldAt(false)).toBeUndefined();
    expect(heldAt(true, 0)).toBeUndefined();
  });

  it('has a tolerance of its own for early steps', () => {
    const heldAt = (step: number, earlyTolerance: number | undefined, tolerance: number) => {
      const lookAhead = { slope: 1, gateAbove: undefined, tolerance, earlyTolerance, holds: 1 };
      const sampler = samplerFrom(0, { lookAhead });
      for (let at = 0; at < 4 && !sampler.held; at++) {
        sampler.issue(round(at, { mayHold: true }));
        if (sampler.held) break;
        sampler.take(at, at < step - 1 ? vector(0, 0) : vector(9, -9));
        sampler.issue(round(at + 1, { mayHold: true }));
      }
      return sampler.held ? sampler.state().nextStep : undefined;
    };
    // Of four steps the first three are early.
    expect(heldAt(2, 0.01, 1e6)).toBe(2);
    expect(heldAt(2, undefined, 1e6)).toBeUndefined();
    expect(heldAt(3, 0.01, 1e6)).toBeUndefined();
    expect(heldAt(3, 1e6, 0.01)).toBe(3);
  });

  it('takes what was computed on guessed latents as the same picture seen from the real ones', () => {
    const lookAhead = { slope: 1, gateAbove: undefined, tolerance: undefined, holds: 0 };
    const guesses = [LATENTS, predictedLatents(0, 1), predictedLatents(0, 2)];
    const sampler = samplerFrom(0, { lookAhead });
    const real = samplerFrom(0);
    const { levels } = createSampler(
      { _class_name: 'DDIMScheduler', timestep_spacing: 'trailing' },
      4,
    ).lookAhead;
    /** A model that sees the picture (3, -5) in all latents. */
    const noiseIn = (latents: Tensor, step: number): Tensor => {
      const { alpha, sigma } = levels[step]!;
      return vector(...[3, -5].map((value, i) => ((latents.data[i] as number) - alpha * value) / sigma));
    };
    sampler.issue(round(0));
    for (const one of [sampler, real]) one.take(0, vector(0.5, 1));
    const made = sampler.issue(
      round(1, { lastStep: 3, latents: guesses.map((name, run) => ({ name, version: 1, step: 1 + run })) }),
    );
    expect(made.map(({ name }) => name)).toEqual(guesses);
    for (const step of [1, 2, 3]) {
      const guess = made[step - 1]!.tensor;
      if (step > 1) expect(guess.data[0]).not.toBeCloseTo(real.latents.data[0] as number, 2);
      sampler.take(step, noiseIn(guess, step));
      real.take(step, noiseIn(real.latents, step));
      for (const i of [0, 1]) expect(sampler.latents.data[i]).toBeCloseTo(real.latents.data[i] as number, 4);
    }
  });

  it('holds the job within a round where the guess was too far off', () => {
    const lookAhead = { slope: 1, gateAbove: undefined, tolerance: 0.01, holds: 1 };
    const guesses = [LATENTS, predictedLatents(0, 1), predictedLatents(0, 2)];
    const sampler = samplerFrom(0, { lookAhead });
    sampler.issue(round(0));
    sampler.take(0, vector(0, 0));
    const latents = guesses.map((name, run) => ({ name, version: 1, step: 1 + run }));
    sampler.issue(round(1, { lastStep: 3, latents, mayHoldWithin: true }));
    expect(sampler.held).toBe(false);
    sampler.take(1, vector(9, -9));
    expect([sampler.held, sampler.state().nextStep]).toEqual([true, 2]);
  });

  it('gives the latents of now where a prediction is no number any more, and holds there', () => {
    const lookAhead = { slope: 1, gateAbove: undefined, tolerance: 0.03, holds: 1 };
    const sampler = samplerFrom(0, { lookAhead });
    sampler.issue(round(0));
    sampler.take(0, vector(0, 0));
    sampler.issue(round(1));
    sampler.take(1, vector(-2e38, 2e38));
    const ahead = { name: predictedLatents(1), version: 2, step: 3 };
    const [made] = sampler.issue(round(2, { latents: [ahead] }));
    expect(made?.tensor).toEqual(sampler.latents);
    sampler.take(2, vector(1, 1));
    expect(sampler.drifts[3]).toBeNaN();
    sampler.issue(round(3, { mayHold: true }));
    expect(sampler.held).toBe(true);
  });

  it('refuses a prediction of another size than the latents', () => {
    const sampler = samplerFrom(0);
    expect(() => sampler.take(0, vector(1, 2, 3))).toThrow('the prediction is [3], the latents are [2]');
  });
});
