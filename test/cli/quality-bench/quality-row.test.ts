import { describe, expect, it } from 'vitest';
import {
  asyncDiffPlan,
  compare,
  type Drawn,
  evenPlan,
  fewerSteps,
  type MeasuredMethod,
  qualityPrompts,
  qualityRow,
  type StoredRun,
} from '../../../cli/quality-bench/index.js';
import { parseConfigs } from '../../../cli/bench/index.js';
import { float32 } from '../../../common/tensor/index.js';

const SIDE = 12;

function drawn(latents: readonly number[], grey: number): Drawn {
  return {
    latents: float32(Float32Array.from(latents), [1, latents.length]),
    picture: float32(new Float32Array(SIDE * SIDE * 3).fill(grey), [SIDE, SIDE, 3]),
  };
}

function run(seconds: number, latents: readonly number[], grey: number): StoredRun {
  const sequential = drawn([0, 2], 0.5);
  const own = drawn(latents, grey);
  const facts = {
    seconds,
    steps: 10,
    inOrder: 3,
    held: 1,
    driftSum: 0.5,
    idealSpeedup: 1.5,
    settings: { components: 2 },
    workers: 2,
    comparison: compare(own, sequential),
  };
  return { facts };
}

const [config] = parseConfigs('n2s1');
const measured = (method: MeasuredMethod['method'], runs: readonly StoredRun[]): MeasuredMethod => ({
  config: config!,
  method,
  runs,
});

describe('quality bench', () => {
  const sequential = [run(2, [0, 2], 0.5), run(4, [0, 2], 0.5)];
  const ours = [run(1, [0.01, 2], 0.501), run(2, [0, 2.04], 0.504)];
  const theirs = [run(1, [0.1, 2], 0.51), run(2, [0, 2.4], 0.54)];

  it('compares latents, and pictures that were not rounded', () => {
    const { comparison } = run(1, [0.01, 2], 0.501).facts;
    expect(comparison?.latentMse).toBeCloseTo(5e-5, 9);
    // The variance of 0 and 2 is 1.
    expect(comparison?.relativeLatentMse).toBeCloseTo(5e-5, 9);
    expect(comparison?.psnrDb).toBeCloseTo(60, 3);
    expect(comparison?.ssim).toBeGreaterThan(0.99);
  });

  it('tells of a method what its pictures come to together', () => {
    const row = qualityRow(measured('look-ahead', ours), { sequential }, { paper: theirs, even: ours });
    expect(row).toMatchObject({
      config: 'n2s1',
      method: 'look-ahead',
      components: 2,
      pictures: 2,
      speedup: 2,
    });
    expect(row.latent_mse.geometric_mean).toBeCloseTo(Math.sqrt(5e-5 * 8e-4), 8);
    expect(row.latent_mse.mean).toBeCloseTo((5e-5 + 8e-4) / 2, 8);
    expect(row.times_nearer_than_asyncdiff?.geometric_mean).toBeCloseTo(100, 1);
    expect(row.times_nearer_at_equal_steps?.geometric_mean).toBeCloseTo(1, 9);
    expect(row.psnr_db?.min).toBeLessThan(row.psnr_db?.mean ?? 0);
    expect(
      qualityRow(measured('asyncdiff', theirs), { sequential }, { paper: theirs, even: ours })
        .times_nearer_than_asyncdiff,
    ).toBeNull();
  });

  it('says so where nothing differs, and divides by nothing', () => {
    const equal = [run(1, [0, 2], 0.5), run(2, [0, 2], 0.5)];
    const row = qualityRow(measured('look-ahead', equal), { sequential }, { paper: theirs, even: ours });
    expect(row).toMatchObject({ equal_pictures: 2, psnr_db: null, times_nearer_than_asyncdiff: null });
    expect(row.latent_mse).toMatchObject({ geometric_mean: 0, interval_95: [0, 0] });
  });

  it('sets beside it AsyncDiff as in the paper, and as many steps as the time allows', () => {
    const plan = { components: 2, stride: 1, warmUp: 2, end: 1, lookAhead: 'on' } as const;
    expect(asyncDiffPlan(plan, 50)).toMatchObject({
      components: 2,
      lookAhead: 'off',
      warmUp: 3,
      end: 'auto',
    });
    expect(asyncDiffPlan(plan, 2)).toMatchObject({ warmUp: 2 });
    // Where that is what the paper has, it is the same run, and drawn once.
    expect(evenPlan(plan, 3)).toEqual(asyncDiffPlan(plan, 50));
    expect(evenPlan(plan, 7)).toMatchObject({ lookAhead: 'off', warmUp: 7 });
    expect(fewerSteps(50, 1.85)).toBe(27);
    expect([fewerSteps(8, 0.9), fewerSteps(1, 8)]).toEqual([8, 1]);
  });

  it('has 24 and 64 different prompts, with a seed each', async () => {
    for (const [form, count] of [
      ['short', 24],
      ['long', 64],
    ] as const) {
      const prompts = await qualityPrompts(form, undefined, 5);
      expect(new Set(prompts.map(({ prompt }) => prompt)).size).toBe(count);
      expect(prompts.map(({ seed }) => seed)).toEqual(Array.from({ length: count }, (_, at) => at + 5));
    }
  });
});
