import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { QualityDocument } from '../../../cli/quality-bench/index.js';
import { decodePng } from '../../../common/image/index.js';
import { readNpy } from '../../../common/npy/index.js';
import { packageRoot } from '../../../common/package.js';
import { failureOf, runCli } from '../../support/cli.js';
import { TestCluster } from '../../support/cluster.js';
import { runHere } from '../../support/command-here.js';
import { tempFolder } from '../../support/temp-folder.js';

it('draws prompts on two workers by each method, and goes on where it was ended', async () => {
  const folder = tempFolder();
  const out = join(folder, 'quality');
  const prompts = join(folder, 'prompts.txt');
  await writeFile(prompts, '# two\nred apple\n\ntiger face\n');
  const args = ['bench', '--quality', '--prompts', prompts, '--configs', 'n2s1', '--tolerance', 'off'].concat(
    ['--num-inference-steps', '8', '--local-workers', '2', '--threads', '1', '--out', out, '--json'],
  );
  const { code, stdout, stderr } = await runCli(args);
  expect(code, stderr).toBe(0);
  const document = JSON.parse(stdout) as QualityDocument;
  expect(document).toMatchObject({ schema: 'asyncdiff.bench-quality/1', complete: true });
  expect(document.rows.map(({ config, method }) => [config, method])).toEqual([
    ['n2s1', 'look-ahead'],
    ['n2s1', 'asyncdiff-even'],
    ['n2s1', 'asyncdiff'],
    ['n2s1', 'fewer-steps'],
  ]);
  const [ours, even, theirs, fewer] = document.rows;
  expect(ours).toMatchObject({ pictures: 2, steps: 8, workers: 2 });
  const { ideal_speedup } = ours!;
  expect(ideal_speedup).toBeCloseTo(1.4423, 3);
  expect(ours).toMatchObject({ in_order_steps: 3 });
  expect(even).toMatchObject({ steps: 8, in_order_steps: 3, ideal_speedup });
  expect(theirs).toMatchObject({ steps: 8, in_order_steps: 3 });
  expect(ours!.times_nearer_at_equal_steps!.geometric_mean).toBeGreaterThan(1);
  // As many steps, all in order, as take the time of the other rows: 8 / 1.44, rounded.
  expect(fewer).toMatchObject({ steps: 6, in_order_steps: 6 });
  expect(ours!.latent_mse.geometric_mean).toBeGreaterThan(0);
  expect(ours!.latent_mse.geometric_mean).toBeLessThan(theirs!.latent_mse.geometric_mean);
  // 8 bits would end at 59 dB or so.
  expect(ours!.psnr_db!.mean).toBeGreaterThan(theirs!.psnr_db!.mean);
  expect(await readFile(join(out, 'quality.md'), 'utf8')).toContain('| n2s1 | look-ahead | 8 |');
  expect(await readFile(join(out, 'quality.svg'), 'utf8')).toContain('AsyncDiff, w = 3');
  const { width } = await decodePng(await readFile(join(out, 'quality-pictures.png')));
  expect(width).toBeGreaterThan(5 * 128);

  const again = JSON.parse((await runHere(args)).stdout) as QualityDocument;
  // Times as well: nothing was drawn a second time.
  expect(again.rows).toEqual(document.rows);
});

it('gives pictures as they were before rounding', async () => {
  const folder = tempFolder();
  const draw = async (name: string): Promise<string> => {
    const out = join(folder, name);
    const where = ['--coordinator', cluster.coordinator.address];
    const args = ['generate', 'red apple', '--num-inference-steps', '2', ...where, '--out', out];
    const { code, stderr } = await runHere(args);
    expect(code, stderr).toBe(0);
    return out;
  };
  const modelDir = join(packageRoot, 'models', 'emoji');
  const cluster = await TestCluster.start({ workers: 1, coordinator: { modelDir } });
  onTestFinished(() => cluster.stop());
  const floats = await readNpy(await draw('apple.npy'));
  const picture = await decodePng(await readFile(await draw('apple.png')));
  expect(floats).toMatchObject({ dtype: 'float32', dims: [picture.height, picture.width, 3] });
  expect(Uint8Array.from(floats.data as Float32Array, (value) => Math.round(255 * value))).toEqual(
    picture.data,
  );
});

it('refuses what cannot be compared before it starts a worker', async () => {
  const without = failureOf(await runHere(['bench', '--quality', '--configs', 'n2s1a']));
  expect(without).toMatchObject({ exitCode: 2, code: 'usage', hint: 'Write it as n2s1.' });
  const prompts = failureOf(await runHere(['bench', '--prompts', 'prompts.txt']));
  expect(prompts).toMatchObject({ exitCode: 2, code: 'usage' });
  expect(prompts.message).toContain('--prompts is for --quality');
});
