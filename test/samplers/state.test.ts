import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createSampler,
  formatSchedulerConfig,
  parseSamplerOptions,
  parseSchedulerConfig,
  SAMPLERS,
  type Sampler,
  type SamplerDefinition,
  SeededNoise,
} from '../../samplers/index.js';
import { samplerConfig } from '../support/sampler-config.js';

const LENGTH = 24;
const noise = (): SeededNoise => new SeededNoise({ seed: 99n, drawnBefore: [LENGTH, 5] });

/** Options that make a sampler draw noise, where it does so on demand. */
function options({ options: taken }: SamplerDefinition): Record<string, unknown> {
  const noisy = { eta: 0.4, s_churn: 3, s_noise: 1.01 };
  return Object.fromEntries(Object.entries(noisy).filter(([name]) => taken.some((own) => own === name)));
}

function create(definition: SamplerDefinition, steps: number): Sampler {
  return createSampler(samplerConfig(definition.className), steps, {
    options: options(definition),
    noise: noise(),
  });
}

const begin = (sampler: Sampler): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(3 * i) * sampler.initNoiseSigma);

/** A model: any rule will do that depends on what it is given. */
function output(sampler: Sampler, sample: Float32Array, call: number): Float32Array {
  const timestep = sampler.timesteps[call] as number;
  return sampler.scaleModelInput(sample, call).map((x, i) => 0.3 * x + 0.5 * Math.sin(0.01 * timestep + i));
}

/** UnCLIP cannot take one step, PNDM and the rest can. */
const SAMPLER_AND_STEPS = fc.tuple(fc.constantFrom(...SAMPLERS), fc.integer({ min: 2, max: 14 }));

describe('a run goes on elsewhere', () => {
  test('from any call, with the same bits', () => {
    fc.assert(
      fc.property(SAMPLER_AND_STEPS, fc.nat(), ([definition, steps], where) => {
        const here = create(definition, steps);
        const from = where % here.numCalls;
        let latents = begin(here);
        for (let call = 0; call < from; call += 1)
          latents = here.step(output(here, latents, call), call, latents);
        // What travels: text, numbers and copies of arrays.
        const there = createSampler(parseSchedulerConfig(formatSchedulerConfig(here.config)), steps, {
          name: here.name,
          options: parseSamplerOptions(JSON.stringify(here.options)),
          noise: noise(),
        });
        there.resume(
          from,
          here.history().map((values) => values.slice()),
        );
        let other: Float32Array = latents.slice();
        for (let call = from; call < here.numCalls; call += 1) {
          latents = here.step(output(here, latents, call), call, latents);
          other = there.step(output(there, other, call), call, other);
          expect(other).toEqual(latents);
        }
        expect(latents.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('and once more from an older state, as after a loss', () => {
    fc.assert(
      fc.property(SAMPLER_AND_STEPS, fc.nat(), ([definition, steps], where) => {
        const sampler = create(definition, steps);
        const run = (from: number, start: Float32Array): Float32Array[] => {
          const all = [start];
          for (let call = from; call < sampler.numCalls; call += 1) {
            const latents = all.at(-1) as Float32Array;
            all.push(sampler.step(output(sampler, latents, call), call, latents));
          }
          return all;
        };
        const states: (readonly Float32Array[])[] = [];
        let latents = begin(sampler);
        const first = [latents];
        for (let call = 0; call < sampler.numCalls; call += 1) {
          states.push(sampler.history());
          latents = sampler.step(output(sampler, latents, call), call, latents);
          first.push(latents);
        }
        const back = where % sampler.numCalls;
        sampler.resume(back, states[back] ?? []);
        expect(run(back, first[back] as Float32Array)).toEqual(first.slice(back));
      }),
    );
  });

  test('a state does not share memory with the caller', () => {
    for (const definition of SAMPLERS) {
      const sampler = create(definition, 4);
      const latents = begin(sampler);
      const eps = output(sampler, latents, 0);
      sampler.step(eps, 0, latents);
      const before = sampler.history().map((values) => values.slice());
      eps.fill(Number.NaN);
      latents.fill(Number.NaN);
      expect(sampler.history()).toEqual(before);
    }
  });
});

describe('noise of a seed', () => {
  test('in any order is that of the order of draws', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 8 }),
        (length, draws) => {
          const inOrder = new SeededNoise({ seed: 5n, drawnBefore: [7, 33] });
          const all = Array.from({ length: 13 }, (_, draw) => inOrder.normal(draw, length));
          const anyOrder = new SeededNoise({ seed: 5n, drawnBefore: [7, 33] });
          for (const draw of draws) expect(anyOrder.normal(draw, length)).toEqual(all[draw]);
        },
      ),
    );
  });

  test('a Brownian path does not depend on what was asked before', () => {
    const sigma = fc.double({ min: 0.03, max: 14, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(sigma, sigma), { minLength: 2, maxLength: 6 }), (pieces) => {
        const path = new SeededNoise({ seed: 5n, drawnBefore: [] });
        for (const [draw, [from, to]] of pieces.entries()) {
          const piece = { range: [0.03, 14], from, to } as const;
          const alone = new SeededNoise({ seed: 5n, drawnBefore: [] }).brownian(0, 20, piece);
          expect(path.brownian(draw, 20, piece)).toEqual(alone);
        }
      }),
    );
  });
});

describe('looking ahead', () => {
  test('leaves the sampler where it is', () => {
    for (const definition of SAMPLERS) {
      const [sampler, alone] = [create(definition, 5), create(definition, 5)];
      let latents = begin(sampler);
      for (let call = 0; call < sampler.numCalls; call += 1) {
        const eps = output(sampler, latents, call);
        const run = sampler.lookAhead.start();
        let ahead = latents;
        for (let later = call; later < Math.min(call + 3, sampler.numCalls); later += 1) {
          const quantity = sampler.lookAhead.toQuantity(eps, latents, call);
          ahead = run.predictNext(ahead, quantity, later);
        }
        const next = sampler.step(eps, call, latents);
        expect(alone.step(eps, call, latents)).toEqual(next);
        latents = next;
      }
    }
  });

  test('with what the model says is near the sampler’s own step', () => {
    for (const definition of SAMPLERS.filter(({ kind }) => kind === 'betas' || kind === 'flow')) {
      const sampler = create(definition, 12);
      let latents = begin(sampler);
      let [error, size] = [0, 0];
      for (let call = 0; call < sampler.numCalls; call += 1) {
        const eps = output(sampler, latents, call);
        const quantity = sampler.lookAhead.toQuantity(eps, latents, call);
        const predicted = sampler.lookAhead.start().predictNext(latents, quantity, call);
        const next = sampler.step(eps, call, latents);
        error += next.reduce((sum, x, i) => sum + (x - (predicted[i] as number)) ** 2, 0);
        size += next.reduce((sum, x) => sum + x ** 2, 0);
        latents = next;
      }
      // Multistep methods bend the step, PNDM the most.
      expect(error / size, definition.name).toBeLessThan(0.1);
    }
  });

  test('is exact for a constant x_0 where no noise is drawn', () => {
    const target = Float32Array.from({ length: LENGTH }, (_, i) => 0.5 * Math.cos(i));
    for (const definition of SAMPLERS.filter(({ kind }) => kind === 'betas')) {
      const sampler = createSampler(samplerConfig(definition.className), 8, { noise: noise() });
      if (sampler.lookAhead.family !== 'ode' || !sampler.lookAhead.worthwhile) continue;
      let latents = begin(sampler);
      for (let call = 0; call < sampler.numCalls; call += 1) {
        const { alpha = 1, sigma = 1 } = sampler.lookAhead.levels[call] ?? {};
        const eps = latents.map((x, i) => (x - alpha * (target[i] as number)) / sigma);
        const quantity = sampler.lookAhead.toQuantity(eps, latents, call);
        const predicted = sampler.lookAhead.start().predictNext(latents, quantity, call);
        const next = sampler.step(eps, call, latents);
        const scale = Math.max(...next.map(Math.abs));
        next.forEach((x, i) => expect(Math.abs(x - (predicted[i] as number)) / scale).toBeLessThan(2e-3));
        latents = next;
      }
    }
  });

  test('calls out of order are refused', () => {
    const run = create(SAMPLERS[0] as SamplerDefinition, 4).lookAhead.start();
    const x = new Float32Array(LENGTH);
    expect(() => run.predictNext(x, x, 1)).toThrow('expected call 0');
  });
});
