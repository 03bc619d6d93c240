import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { createSampler, type Sampler, type SchedulerConfig } from '../../samplers/index.js';

/** Recorded from diffusers 0.29.2 with torch 1.13, float32; each list of eight belongs to one step. */
interface Recording {
  readonly case: string;
  readonly config: SchedulerConfig;
  readonly timesteps: readonly number[];
  readonly initNoiseSigma: number;
  readonly latents: readonly (readonly number[])[];
  readonly modelOutputs: readonly (readonly number[])[];
  readonly modelInputs?: readonly (readonly number[])[];
}

const recordings = JSON.parse(
  readFileSync(join(packageRoot, 'test/data/samplers.json'), 'utf8'),
) as Recording[];

/** Largest difference, relative to the largest number expected. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  return Math.max(...expected.map((value, i) => Math.abs((actual[i] as number) - value))) / scale;
}

/** The model of the recordings: a fixed rule in the scaled latents and the timestep. */
function model(scaled: Float32Array, timestep: number): Float32Array {
  return scaled.map((x, j) => 0.3 * x + 0.5 * Math.sin(0.01 * timestep + j));
}

function at(lists: readonly (readonly number[])[], i: number): Float32Array {
  return Float32Array.from(lists[i] ?? []);
}

describe('values recorded from diffusers', () => {
  test('are there', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(124);
  });

  test.each(recordings)('$case', (recording) => {
    const steps = recording.timesteps.length;
    const sampler: Sampler = createSampler(recording.config, steps);
    expect(relativeError(sampler.timesteps, recording.timesteps)).toBeLessThan(1e-6);
    expect(relativeError([sampler.initNoiseSigma], [recording.initNoiseSigma])).toBeLessThan(1e-6);

    for (let i = 0; i < steps; i += 1) {
      const sample = at(recording.latents, i);
      const input = recording.modelInputs?.[i] ?? recording.latents[i] ?? [];
      expect(relativeError(sampler.scaleModelInput(sample, i), input)).toBeLessThan(1e-6);
      const next = sampler.step(at(recording.modelOutputs, i), i, sample);
      expect(relativeError(next, recording.latents[i + 1] ?? [])).toBeLessThan(5e-6);
    }

    sampler.resume(0, []);
    let free = at(recording.latents, 0);
    for (let i = 0; i < steps; i += 1) {
      const output = model(sampler.scaleModelInput(free, i), sampler.timesteps[i] as number);
      free = sampler.step(output, i, free);
      expect(relativeError(free, recording.latents[i + 1] ?? [])).toBeLessThan(1e-5);
    }
  });
});
