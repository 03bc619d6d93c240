import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { createSampler, GivenNoise, SAMPLERS, type Sampler, SeededNoise } from '../../samplers/index.js';
import { numpyLog } from '../../samplers/numpy-log.js';
import { randn } from '../../common/random/index.js';
import { elementCount } from '../../common/tensor/index.js';

/** Recorded from diffusers 0.42.1 (torch 2.15, torchsde 0.2.6, float32, CPU), with the model of {@link model}. */
interface Recorded {
  readonly case: string;
  readonly scheduler: string;
  /** Without the keys that are the class's own defaults. */
  readonly config: Record<string, unknown>;
  readonly steps: number;
  readonly options?: Record<string, unknown>;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma: number;
  /** Of each call, and after the last. */
  readonly latents: readonly (readonly number[])[];
  readonly predictsVariance?: boolean;
  /** Every draw, in order. */
  readonly noise?: readonly (readonly number[])[];
}

/** The latents after the last step, all noise drawn from torch.Generator("cpu").manual_seed(seed), the initial latents first. */
interface Seeded {
  readonly scheduler: string;
  readonly config: Record<string, unknown>;
  readonly options: Record<string, unknown>;
  readonly steps: number;
  readonly dims: readonly number[];
  readonly seed: string;
  readonly latents: readonly number[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(packageRoot, 'test/data', name), 'utf8'));
const recorded = read('samplers-diffusers.json') as readonly Recorded[];
const seeded = read('samplers-seeded.json') as readonly Seeded[];

/** Largest difference, relative to the largest number expected. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  return Math.max(...expected.map((value, i) => Math.abs((actual[i] as number) - value))) / scale;
}

/** A fixed rule in the scaled latents and the timestep. */
function model(scaled: Float32Array, timestep: number, width = scaled.length): Float32Array {
  return Float32Array.from(
    { length: width },
    (_, j) => 0.3 * (scaled[j % scaled.length] as number) + 0.5 * Math.sin(0.01 * timestep + j),
  );
}

function advance(
  sampler: Sampler,
  sample: Float32Array,
  call: number,
  dims: readonly number[],
  width?: number,
) {
  const output = model(sampler.scaleModelInput(sample, call), sampler.timesteps[call] as number, width);
  return sampler.step(output, call, sample, dims);
}

describe('runs recorded from diffusers', () => {
  test('are there for every class', () => {
    const classes = new Set(recorded.map(({ scheduler }) => scheduler));
    const built = SAMPLERS.map(({ className }) => className).filter(
      (name) => name !== 'DDPMParallelScheduler',
    );
    expect([...classes].toSorted()).toEqual(built.toSorted());
  });

  test.each(recorded)('$case', (run) => {
    const noise = new GivenNoise((run.noise ?? []).map((values) => Float32Array.from(values)));
    const config = { ...run.config, _class_name: run.scheduler };
    const sampler = createSampler(config, run.steps, { options: run.options, noise });
    expect(relativeError(sampler.timesteps, run.timesteps)).toBeLessThan(1e-6);
    expect(relativeError([sampler.initNoiseSigma], [run.initNoiseSigma])).toBeLessThan(1e-6);
    let sample: Float32Array = Float32Array.from(run.latents[0] ?? []);
    for (let call = 0; call < sampler.numCalls; call += 1) {
      sample = advance(sampler, sample, call, [1], run.predictsVariance === true ? 16 : undefined);
      expect(relativeError(sample, run.latents[call + 1] ?? [])).toBeLessThan(1e-5);
    }
  });
});

test.each(seeded)('$scheduler from a seed, as torch draws it', (run) => {
  const length = elementCount(run.dims);
  const sampler = createSampler({ ...run.config, _class_name: run.scheduler }, run.steps, {
    options: run.options,
    noise: new SeededNoise({ seed: BigInt(run.seed), drawnBefore: [length] }),
  });
  const initial = randn(BigInt(run.seed), run.dims).data as Float32Array;
  let sample: Float32Array = initial.map((value) => value * sampler.initNoiseSigma);
  for (let call = 0; call < sampler.numCalls; call += 1) sample = advance(sampler, sample, call, run.dims);
  expect(relativeError(sample, run.latents)).toBeLessThan(2e-5);
});

test.each([
  [0.8392281532287598, -0.17527268826961517],
  [1.126206874847412, 0.11885523051023483],
  [88.0198745727539, 4.47756290435791],
  [1210.2474365234375, 7.098580360412598],
  [8.606860319559928e-6, -11.662951469421387],
])("numpy's logarithm of %s in float32 is %s, not the nearest number", (x, log) => {
  expect(numpyLog(x)).toBe(log);
  expect(Math.fround(Math.log(x))).not.toBe(log);
});
