import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decodePng } from '../../common/image/index.js';
import { follow, TestCluster } from '../support/cluster.js';
import { compareOnWorkers } from '../support/compare-on-workers.js';
import { RecordedPipeline, RECORDINGS } from '../support/recorded-pipeline.js';

/** One with inputs joined to the latents and noise of a seed, one of tokens. */
const CASES = (process.env['RECORDED_PIPELINES'] ?? 'sd15-inpaint,flux-schnell').split(',');

const isThere = existsSync(RECORDINGS);
if (!isThere) console.warn(`no recorded pipelines in ${RECORDINGS}: they are skipped`);

describe.skipIf(!isThere)('recorded pipelines on two workers', () => {
  let cluster: TestCluster | undefined;
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  it.each(CASES)('%s: in order as recorded, with stale inputs the same bits every time', async (name) => {
    const recorded = new RecordedPipeline(RECORDINGS, name);
    cluster = await TestCluster.start({ workers: 2, coordinator: { modelDir: recorded.model } });
    const call = await recorded.call();
    const draw = async (warmUp: number | 'auto') => {
      const job = (cluster as TestCluster).client.generate({
        ...call,
        seed: recorded.json.seed_of_generator,
        plan: { components: 2, warmUp },
      });
      return (await follow(job)).done;
    };
    const inOrder = await draw(recorded.json.steps);
    const final = await recorded.npy('expected/final.npy');
    const worst = (inOrder.latents.data as Float32Array).reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (final.data[i] as number))),
      0,
    );
    expect(worst).toBeLessThan(recorded.tolerance('final'));
    const png = join(recorded.folder, 'expected/image_0.png');
    const [drawn, expected] = [
      await decodePng(inOrder.images[0] as Uint8Array),
      await decodePng(readFileSync(png)),
    ];
    const off = drawn.data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] as number))),
      0,
    );
    expect(off).toBeLessThanOrEqual(1);
    const [once, again] = [await draw('auto'), await draw('auto')];
    expect(again.latents.data).toEqual(once.latents.data);
  });

  // The others: npm run check:pipelines.
  it.each(['flux-schnell', 'pixart'])(
    '%s: the reference executor gives the bits of stale rounds',
    async (name) => {
      const cacheDir = mkdtempSync(join(tmpdir(), 'asyncdiff-recorded-'));
      try {
        const [run] = await compareOnWorkers(new RecordedPipeline(RECORDINGS, name), ['stale'], cacheDir);
        expect(run).toMatchObject({ isEqual: true, isFinite: true });
        expect(run?.inOrderSteps).toBeLessThan(run?.steps ?? 0);
      } finally {
        rmSync(cacheDir, { recursive: true, force: true });
      }
    },
  );
});
