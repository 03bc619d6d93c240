import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { createSampler, GivenNoise, SAMPLERS } from '../../samplers/index.js';

/** Runs of diffusers' classes beside the repository; without them `recordings.test.ts` has a choice of them. */
const folder = join(dirname(packageRoot), 'shared/oracle/schedulers');

interface Recording {
  readonly scheduler: string;
  readonly config: Record<string, unknown>;
  readonly num_inference_steps: number;
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
  readonly init_noise_sigma: number;
  readonly model_inputs: readonly (readonly number[])[];
  readonly model_outputs: readonly (readonly number[])[];
  readonly latents: readonly (readonly number[])[];
  readonly pred_original_sample?: readonly (readonly number[])[];
  readonly denoised?: readonly (readonly number[])[];
  readonly pred_noised_sample?: readonly (readonly number[])[];
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

const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const known = new Set(SAMPLERS.map((s) => s.className));
const only = process.env['ONLY'];
describe.skipIf(files.length === 0)('runs recorded from diffusers', () => {
  test.each(files.filter((name) => !only || name.includes(only)))('%s', (name) => {
    const recording = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recording;
    if (!known.has(recording.scheduler)) return;
    const given = { ...recording.set_timesteps_arguments, ...recording.step_arguments };
    const sampler = createSampler(
      { ...recording.config, _class_name: recording.scheduler },
      recording.num_inference_steps,
      {
        options: { ...given, begin_index: recording.begin_index },
        noise: new GivenNoise((recording.noise ?? []).map(({ values }) => Float32Array.from(values))),
      },
    );
    const errors: Record<string, number> = {};
    const note = (what: string, actual: ArrayLike<number>, expected: readonly number[]): void => {
      errors[what] = Math.max(errors[what] ?? 0, relativeError(actual, expected));
    };
    const target =
      recording.scheduler === 'SCMScheduler' || recording.scheduler === 'DDPMWuerstchenScheduler';
    note('timesteps', sampler.timesteps, target ? recording.timesteps.slice(0, -1) : recording.timesteps);
    if (recording.sigmas) note('sigmas', sampler.sigmas ?? [], recording.sigmas);
    note('init', [sampler.initNoiseSigma], [recording.init_noise_sigma]);
    let sample: Float32Array = Float32Array.from(recording.latents[0] as number[]);
    for (let call = 0; call < sampler.numCalls; call += 1) {
      const x = Float32Array.from(recording.latents[call] as number[]);
      note('input', sampler.scaleModelInput(x, call), recording.model_inputs[call] as number[]);
      const outputs = sampler.stepOutputs(
        Float32Array.from(recording.model_outputs[call] as number[]),
        call,
        x,
      );
      note('latents', outputs.latents, recording.latents[call + 1] as number[]);
      if (recording.pred_original_sample)
        note('x0', outputs.predOriginalSample ?? [], recording.pred_original_sample[call] as number[]);
      if (recording.denoised) note('denoised', outputs.denoised ?? [], recording.denoised[call] as number[]);
      if (recording.pred_noised_sample)
        note('noised', outputs.predNoisedSample ?? [], recording.pred_noised_sample[call] as number[]);
    }
    sampler.resume(0, []);
    const width = (recording.model_outputs[0] as number[]).length;
    for (let call = 0; call < sampler.numCalls; call += 1) {
      const scaled = sampler.scaleModelInput(sample, call);
      const t = sampler.timesteps[call] as number;
      const output = Float32Array.from(
        { length: width },
        (_, j) => 0.3 * (scaled[j % 8] as number) + 0.5 * Math.sin(0.01 * t + j),
      );
      sample = sampler.step(output, call, sample);
      note('free', sample, recording.latents[call + 1] as number[]);
    }
    const worst = Math.max(...Object.values(errors));
    if (process.env['SHOW']) console.log(name, JSON.stringify(errors));
    if (worst > 1e-5) console.log('Error: ' + name + JSON.stringify(errors));
    expect(worst).toBeLessThan(1e-5);
  });
});
