import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package.js';
import { decodePng, encodePng, readPngText, withPngText } from '../../common/image/index.js';
import { jsonOf, runCli } from '../support/cli.js';
import { TestCluster } from '../support/cluster.js';
import { runHere } from '../support/command-here.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
let folder: string;
/** For what is drawn after the first picture: starting workers for each takes longer than drawing it. */
let cluster: TestCluster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-generate-'));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  cluster = await TestCluster.start({ workers: 2, coordinator: { modelDir: EMOJI } });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

describe('generate', () => {
  const onCluster = (): string[] => ['--coordinator', cluster.coordinator.address];
  const onOwnWorkers = ['--model', EMOJI, '--local-workers', '2', '--threads', '1'];
  const draw = (out: string, flags: readonly string[]): string[] =>
    ['generate', 'red apple', '--num-inference-steps', '6', '--warm-up', '2', '--seed', '7'].concat(
      ['--out', at(out), '--json'],
      flags,
    );

  it('draws pictures, tells about the run, and gives the same bytes again', async () => {
    const first = await jsonOf(runCli(draw('a.png', [...onOwnWorkers, '--preview-every', '2'])));
    expect(first).toMatchObject({
      schema: 'asyncdiff.generate/1',
      steps: 6,
      rounds: 6,
      components: 2,
      stride: 1,
      warm_up: 2,
      restarts: 0,
      out: at('a.png'),
      data_path: 'direct',
      declared: false,
    });
    expect(first['seconds']).toBeGreaterThan(0);
    expect(first['bytes_between_workers']).toBeGreaterThan(0);
    expect(await decodePng(readFileSync(at('a.png')))).toMatchObject({ width: 64, height: 64 });
    expect(existsSync(at('a.png.preview.png'))).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const before = readFileSync(at('a.png'));
    writeFileSync(at('report.json'), JSON.stringify(first));
    const repeat = ['generate', '--replay', at('report.json'), '--threads', '1', '--json'];
    const second = await jsonOf(runHere([...repeat, '--out', at('again.png')]));
    expect(second).toMatchObject({ plan_id: first['plan_id'], latents_sha256: first['latents_sha256'] });
    expect(readFileSync(at('again.png')).equals(before)).toBe(true);
    const other = await runHere([...repeat, '--seed', '8', '--out', at('other.png')]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('seed is given as 8') });
    expect(existsSync(at('other.png'))).toBe(false);

    const from = ['generate', '--threads', '1', '--json', '--from'];
    const third = await jsonOf(runHere([...from, at('a.png'), '--out', at('from.png')]));
    expect(third).toMatchObject({ latents_sha256: first['latents_sha256'], prompt: 'red apple', seed: 7 });
    expect(readFileSync(at('from.png')).equals(before)).toBe(true);
    // As the library's pictures are: with `parameters` alone, and here of another model.
    const { asyncdiff: _report, parameters = '' } = readPngText(before);
    const bare = await encodePng(await decodePng(before));
    const named = parameters.replace('Model: emoji', 'Model: dreams');
    writeFileSync(at('named.png'), withPngText(bare, { parameters: named }));
    writeFileSync(at('bare.png'), bare);
    const refused = [
      ['named.png', 'drawn by the model dreams, and the one here is emoji'],
      ['bare.png', 'does not say how it was made'],
      ['report.json', 'is no PNG'],
    ] as const;
    for (const [file, why] of refused) {
      const run = await runHere([...from, at(file), '--out', at('none.png')]);
      expect(run, run.stderr).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    }
    writeFileSync(at('parameters.png'), withPngText(bare, { parameters }));
    const like = ['--out', at('like.png'), '--local-workers', '2', '--warm-up', '2'];
    await jsonOf(runHere([...from, at('parameters.png'), ...like]));
    expect(await decodePng(readFileSync(at('like.png')))).toEqual(await decodePng(before));
  });

  it('draws the lines of a file, those that are not there yet', async () => {
    writeFileSync(at('list.txt'), '# fruit\nred apple\n\ngreen apple\n');
    const flags = ['--num-inference-steps', '2', '--json', '--seed', 'random', ...onCluster()];
    const list = ['generate', '--prompts', at('list.txt'), '--out', at('list.png'), ...flags];
    const first = (await jsonOf(runHere(list)))['pictures'] as { out: string; seed: number; steps: number }[];
    expect(first.map(({ out }) => out)).toEqual([
      at('list-0000-red-apple.png'),
      at('list-0001-green-apple.png'),
    ]);
    expect(first[1]?.seed).toBe((first[0]?.seed as number) + 1);
    rmSync(first[0]?.out as string);
    const second = await jsonOf(runHere(list));
    expect(second['pictures']).toMatchObject([
      { steps: 2, out: first[0]?.out },
      { drawn_before: true, out: first[1]?.out },
    ]);
    const both = await runHere([...list, '--from', at('a.png')]);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('together with --from') });
  });

  it('takes flags from the environment, where the command line does not say otherwise', async () => {
    const flags = [...onCluster(), '--components', '1', '--num-images-per-prompt', '2'];
    const env = {
      ASYNCDIFF_NUM_INFERENCE_STEPS: '3',
      ASYNCDIFF_STRIDE: '2',
      ASYNCDIFF_SCHEDULER: 'euler',
    };
    const document = await jsonOf(runCli(draw('b.webp', flags), { env }));
    expect(document).toMatchObject({ steps: 6, stride: 2, components: 1 });
    expect(document['out']).toEqual([at('b-0.webp'), at('b-1.webp')]);
    const [first, second] = [readFileSync(at('b-0.webp')), readFileSync(at('b-1.webp'))];
    expect(first.subarray(8, 12).toString()).toBe('WEBP');
    expect(first.equals(second)).toBe(false);
  });
});

it('demo draws both pictures and the comparison', async () => {
  const run = await runCli(['demo', '--num-inference-steps', '8', '--out', at('demo')]);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stdout).toMatch(/1 worker, sequential .*1\.00x .*the same picture/);
  // Of six steps every one is made in order, by the schedule or by the tolerance; of eight some are not, and the pictures differ.
  expect(run.stdout).toMatch(/2 workers, N=2 S=1 .*x .*\d dB/);
  expect(readdirSync(at('demo')).sort()).toEqual([
    'asyncdiff-2-workers.png',
    'sequential.png',
    'side-by-side.png',
  ]);
  expect(run.stderr).toContain('2 workers, asynchronous');
});
