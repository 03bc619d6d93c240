import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { createSampler, GivenNoise, SAMPLERS, type Sampler } from '../../samplers/index.js';

/** Runs of diffusers' classes, beside the repository; `seeded-and-recorded.test.ts` has a choice of them that is always there. */
const folder = join(dirname(packageRoot), 'shared/oracle/schedulers');
/** Largest difference, relative to the largest number of a list. */
const TOLERANCE = 1e-5;

type Lists = readonly (readonly number[])[];

interface Recording {
  readonly scheduler: string;
  readonly config: Record<string, unknown>;
  readonly num_inference_steps: number;
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly init_noise_sigma: number;
  readonly model_inputs: Lists;
  readonly model_outputs: Lists;
  readonly latents: Lists;
  readonly pred_original_sample?: Lists;
  readonly denoised?: Lists;
  readonly pred_noised_sample?: Lists;
  readonly noise?: readonly { readonly step: number; readonly values: readonly number[] }[];
  readonly set_timesteps_arguments?: Record<string, unknown>;
  readonly step_arguments?: Record<string, unknown>;
  readonly begin_index?: number;
}

function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  const errors = expected.map((value, i) => Math.abs((actual[i] as number) - value) / scale);
  return errors.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...errors);
}

/** The model of the recordings: a fixed rule in the scaled latents and the timestep. */
function model(scaled: Float32Array, timestep: number, width: number): Float32Array {
  return Float32Array.from(
    { length: width },
    (_, j) => 0.3 * (scaled[j % 8] as number) + 0.5 * Math.sin(0.01 * timestep + j),
  );
}

/** Where these two classes list timesteps, the last is a target only. */
const TARGET_LAST: ReadonlySet<string> = new Set(['SCMScheduler', 'DDPMWuerstchenScheduler']);

/** Largest errors by what was compared. */
class Errors {
  readonly found: Record<string, number> = {};

  note(what: string, actual: ArrayLike<number> | undefined, expected: readonly number[] | undefined): void {
    if (expected === undefined) return;
    this.found[what] = Math.max(this.found[what] ?? 0, relativeError(actual ?? [], expected));
  }
}

function singleSteps(sampler: Sampler, recording: Recording, errors: Errors): void {
  for (let call = 0; call < sampler.numCalls; call += 1) {
    const sample = Float32Array.from(recording.latents[call] as number[]);
    errors.note('model input', sampler.scaleModelInput(sample, call), recording.model_inputs[call]);
    const output = Float32Array.from(recording.model_outputs[call] as number[]);
    const given = sampler.stepOutputs(output, call, sample);
    errors.note('step', given.latents, recording.latents[call + 1]);
    errors.note('x0', given.predOriginalSample, recording.pred_original_sample?.[call]);
    errors.note('denoised', given.denoised, recording.denoised?.[call]);
    errors.note('noised', given.predNoisedSample, recording.pred_noised_sample?.[call]);
  }
}

function wholeRun(sampler: Sampler, recording: Recording, errors: Errors): void {
  sampler.resume(0, []);
  const width = recording.model_outputs[0]?.length ?? 0;
  let sample: Float32Array = Float32Array.from(recording.latents[0] ?? []);
  for (let call = 0; call < sampler.numCalls; call += 1) {
    const scaled = sampler.scaleModelInput(sample, call);
    sample = sampler.step(model(scaled, sampler.timesteps[call] as number, width), call, sample);
    errors.note('run', sample, recording.latents[call + 1]);
  }
}

const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

test.skipIf(files.length > 0)(`no recordings in ${folder}: those in test/data are held alone`, () => {
  expect(files).toEqual([]);
});

describe.skipIf(files.length === 0)('runs recorded from diffusers', () => {
  const read = (name: string): Recording => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recording;

  test('are of every class that there is', () => {
    const recorded = new Set(files.map((name) => read(name).scheduler));
    const built = SAMPLERS.map(({ className }) => className).filter(
      (name) => name !== 'DDPMParallelScheduler',
    );
    expect([...recorded].toSorted()).toEqual(built.toSorted());
  });

  test.each(files)('%s', (name) => {
    const recording = read(name);
    const { set_timesteps_arguments, step_arguments, begin_index, noise = [] } = recording;
    const sampler = createSampler(
      { ...recording.config, _class_name: recording.scheduler },
      recording.num_inference_steps,
      {
        options: { ...set_timesteps_arguments, ...step_arguments, begin_index },
        noise: new GivenNoise(noise.map(({ values }) => Float32Array.from(values))),
      },
    );
    const errors = new Errors();
    const timesteps = TARGET_LAST.has(recording.scheduler)
      ? recording.timesteps.slice(0, -1)
      : recording.timesteps;
    errors.note('timesteps', sampler.timesteps, timesteps);
    errors.note('sigmas', sampler.sigmas, recording.sigmas);
    errors.note('init_noise_sigma', [sampler.initNoiseSigma], [recording.init_noise_sigma]);
    singleSteps(sampler, recording, errors);
    wholeRun(sampler, recording, errors);
    const tooLarge = Object.entries(errors.found).filter(([, error]) => error > TOLERANCE);
    expect(Object.fromEntries(tooLarge)).toEqual({});
  });
});
