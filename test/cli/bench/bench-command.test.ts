import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BenchDocument } from '../../../cli/bench/index.js';
import { failureOf, runCli } from '../../support/cli.js';
import { runHere } from '../../support/command-here.js';
import { tempFolder } from '../../support/temp-folder.js';

const KEYS =
  'config components stride warm_up workers device seconds speedup ideal_speedup efficiency bytes_between_workers period_ms predicted_period_ms equal_across_repeats declared';

it('measures the bundled model on two worker processes and writes what it found', async () => {
  const out = join(tempFolder(), 'bench');
  const trace = join(out, 'trace.json');
  const steps = ['--num-inference-steps', '7', '--warm-up', '2', '--repeats', '1', '--settle-seconds', '0'];
  const { code, stdout, stderr } = await runCli(
    [
      'bench',
      '--configs',
      'n2s1',
      '--local-workers',
      '2',
      '--threads',
      '1',
      ...steps,
      '--out',
      out,
      '--json',
    ].concat('--trace-file', trace),
  );
  expect(stderr).not.toContain('error:');
  expect(code).toBe(0);
  const document = JSON.parse(stdout) as BenchDocument;
  expect(document).toMatchObject({ schema: 'asyncdiff.bench/1', complete: true, hosts: 1, declared: false });
  expect(document.title).toContain('2 workers on one host');
  const [row] = document.rows;
  for (const key of KEYS.split(' ')) expect(row, key).toHaveProperty(key);
  expect(row).toMatchObject({
    config: 'n2s1',
    workers: 2,
    warm_up: 2,
    end: 1,
    device: 'cpu',
    equal_across_repeats: true,
    compared_runs: 3,
  });
  // The bound follows from the share that the row gives.
  expect(row?.ideal_speedup).toBeCloseTo(7 / (3 + 4 * (row?.max_share ?? 0)), 9);
  expect(row?.bytes_per_round).toBeGreaterThan(0);
  expect(row?.psnr_db).toBeGreaterThan(20);
  expect(JSON.parse(await readFile(join(out, 'bench.json'), 'utf8'))).toEqual(document);
  expect(await readFile(join(out, 'bench.md'), 'utf8')).toContain('| n2s1 |');
  expect(await readFile(join(out, 'bench.svg'), 'utf8')).toContain('n2s1');
  expect((await readFile(join(out, 'bench.png'))).subarray(1, 4).toString()).toBe('PNG');
  expect(await readFile(trace, 'utf8')).toContain('n2s1: worker local-2');
});

it('measures declared devices without a model, and says that they are', async () => {
  const { code, stdout } = await runCli(
    ['bench', '--configs', 'n2s1', '--local-workers', '2', '--device', 'declared:a5000-sd15'].concat([
      '--num-inference-steps',
      '4',
      '--warm-up',
      '1',
      '--repeats',
      '1',
      '--settle-seconds',
      '0',
      '--json',
    ]),
  );
  expect(code).toBe(0);
  const document = JSON.parse(stdout) as BenchDocument;
  expect(document.title).toContain('declared NVIDIA RTX A5000');
  expect(document.rows[0]).toMatchObject({ declared: true, psnr_db: null, device: 'declared:a5000-sd15' });
});

it('refuses what it cannot read before it starts a worker', async () => {
  const refused = failureOf(await runHere(['bench', '--configs', 'n2s1,2s1']));
  expect(refused).toMatchObject({
    exitCode: 2,
    code: 'usage',
    message: '--configs: cannot read "2s1": what is "2s1"?',
  });
  const long = failureOf(await runHere(['bench', '--configs', 'n2s1w9', '--num-inference-steps', '5']));
  expect(long).toMatchObject({ exitCode: 2, code: 'invalid_settings' });
  expect(long.message).toContain('warm_up is 9');
});
