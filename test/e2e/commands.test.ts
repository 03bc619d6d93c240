import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../common/npy/index.js';
import { packageRoot, packageVersion } from '../../common/package.js';
import { decodePng, encodePng, readPngText, withPngText } from '../../common/image/index.js';
import { expectSameBits } from '../support/bits.js';
import { runCli } from '../support/cli.js';
import { RecordedPipeline, RECORDINGS } from '../support/recorded-pipeline.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
let folder: string;
let files: SmallFiles;
let env: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-commands-'));
  files = await writeSmallFiles(folder);
  env = { XDG_CACHE_HOME: join(folder, 'cache') };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

async function json(
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const run = await runCli(args, { env: { ...env, ...more } });
  expect(run.code, run.stderr).toBe(0);
  expect(run.stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

describe('generate', () => {
  const draw = (out: string, flags: readonly string[] = []): string[] => [
    'generate',
    'red apple',
    '--model',
    EMOJI,
    '--local-workers',
    '2',
    '--num-inference-steps',
    '6',
    '--warm-up',
    '2',
    '--seed',
    '7',
    '--threads',
    '1',
    '--out',
    at(out),
    '--json',
    ...flags,
  ];

  it('draws pictures, tells about the run, and gives the same bytes again', async () => {
    const first = await json(draw('a.png', ['--preview-every', '2']));
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
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    const before = readFileSync(at('a.png'));
    writeFileSync(at('report.json'), JSON.stringify(first));
    const repeat = ['generate', '--replay', at('report.json'), '--threads', '1', '--json'];
    const second = await json([...repeat, '--out', at('again.png')]);
    expect(second).toMatchObject({ plan_id: first['plan_id'], latents_sha256: first['latents_sha256'] });
    expect(readFileSync(at('again.png')).equals(before)).toBe(true);
    const other = await runCli([...repeat, '--seed', '8', '--out', at('other.png')], { env });
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('seed is given as 8') });
    expect(existsSync(at('other.png'))).toBe(false);

    const from = ['generate', '--threads', '1', '--json', '--from'];
    const third = await json([...from, at('a.png'), '--out', at('from.png')]);
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
      const run = await runCli([...from, at(file), '--out', at('none.png')], { env });
      expect(run, run.stderr).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    }
    writeFileSync(at('parameters.png'), withPngText(bare, { parameters }));
    const like = ['--out', at('like.png'), '--local-workers', '2', '--warm-up', '2'];
    await json([...from, at('parameters.png'), ...like]);
    expect(await decodePng(readFileSync(at('like.png')))).toEqual(await decodePng(before));
  }, 120_000);

  it('draws the lines of a file, those that are not there yet', async () => {
    writeFileSync(at('list.txt'), '# fruit\nred apple\n\ngreen apple\n');
    const flags = ['--local-workers', '1', '--num-inference-steps', '2', '--json', '--seed', 'random'];
    const list = ['generate', '--prompts', at('list.txt'), '--out', at('list.png'), ...flags];
    const first = (await json(list))['pictures'] as { out: string; seed: number; steps: number }[];
    expect(first.map(({ out }) => out)).toEqual([
      at('list-0000-red-apple.png'),
      at('list-0001-green-apple.png'),
    ]);
    expect(first[1]?.seed).toBe((first[0]?.seed as number) + 1);
    rmSync(first[0]?.out as string);
    const second = await json(list);
    expect(second['pictures']).toMatchObject([
      { steps: 2, out: first[0]?.out },
      { drawn_before: true, out: first[1]?.out },
    ]);
    const both = await runCli([...list, '--from', at('a.png')], { env });
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('together with --from') });
  }, 60_000);

  it('takes flags from the environment, where the command line does not say otherwise', async () => {
    const document = await json(draw('b.webp', ['--components', '1', '--num-images-per-prompt', '2']), {
      ASYNCDIFF_NUM_INFERENCE_STEPS: '3',
      ASYNCDIFF_STRIDE: '2',
      ASYNCDIFF_SCHEDULER: 'euler',
    });
    expect(document).toMatchObject({ steps: 6, stride: 2, components: 1 });
    expect(document['out']).toEqual([at('b-0.webp'), at('b-1.webp')]);
    const [first, second] = [readFileSync(at('b-0.webp')), readFileSync(at('b-1.webp'))];
    expect(first.subarray(8, 12).toString()).toBe('WEBP');
    expect(first.equals(second)).toBe(false);
  });
});

it('denoise on local workers equals --reference, and writes every step', async () => {
  const flags = [
    ...files.flags,
    '--num-inference-steps',
    '6',
    '--components',
    '2',
    '--warm-up',
    '1',
    '--threads',
    '1',
  ];
  const distributed = await json([
    'denoise',
    ...flags,
    '--out',
    at('d.npy'),
    '--trace',
    at('steps'),
    '--json',
  ]);
  const reference = await json(['denoise', ...flags, '--out', at('r.npy'), '--reference', '--json']);
  expectSameBits(await readNpy(at('d.npy')), await readNpy(at('r.npy')), 'final latents');
  for (const key of [
    'schema',
    'steps',
    'rounds',
    'components',
    'stride',
    'warm_up',
    'cuts',
    'lag',
    'micro_cuts',
  ])
    expect(distributed[key], key).toEqual(reference[key]);
  const names = ['eps', 'latents'].flatMap((what) =>
    [0, 1, 2, 3, 4, 5].map((step) => `${what}_000${step}.npy`),
  );
  expect(readdirSync(at('steps')).sort()).toEqual([...names, 'timesteps.json'].sort());
  expectSameBits(
    await readNpy(join(at('steps'), 'latents_0000.npy')),
    await readNpy(files.sample),
    'latents 0',
  );
});

it('repeats a run from its report, and refuses where it would give other bits', async () => {
  const flags = [...files.flags, '--threads', '1', '--json'];
  const drifting = [
    '--num-inference-steps',
    '12',
    '--components',
    '2',
    '--stride',
    '2',
    '--tolerance',
    '0.01',
  ];
  const first = await json([
    'denoise',
    ...flags,
    ...drifting,
    '--local-workers',
    '3',
    '--out',
    at('first.npy'),
  ]);
  expect(first['held_steps']).not.toEqual([]);
  const write = (name: string, report: object): string => {
    writeFileSync(at(name), JSON.stringify(report));
    return at(name);
  };
  const report = write('first.json', first);
  const again = await json(['denoise', ...flags, '--replay', report, '--out', at('second.npy')]);
  expectSameBits(await readNpy(at('second.npy')), await readNpy(at('first.npy')), 'of the workers');
  expect(again['in_order_steps']).toEqual(first['in_order_steps']);
  const reference = ['denoise', ...flags, '--reference', '--out', at('third.npy'), '--replay'];
  const third = await json([...reference, report]);
  // The reference's own report is one, too.
  const fourth = await json([...reference, write('reference.json', third)]);
  expect(fourth['latents_sha256']).toBe(third['latents_sha256']);
  expectSameBits(await readNpy(at('third.npy')), await readNpy(at('first.npy')), 'of the reference');
  expect(third['program_id']).toBe(first['program_id']);
  const { cuts: _cuts, ...without } = first;
  const refused: [object, readonly string[], string][] = [
    [without, [], 'lacks cuts'],
    [{ ...first, version: '0.0.1' }, [], 'is of asyncdiff 0.0.1'],
    [{ ...first, predictor_id: 'another' }, [], 'another predictor'],
    [{ ...first, inputs_sha256: 'others' }, [], 'what the predictor is given'],
    [{ ...first, program_changes: 1 }, [], 'lost a worker'],
    [first, ['--max-workers', '2'], 'cut or scheduled otherwise'],
    [first, ['--threads', '2'], '1 thread, here on'],
    [first, ['--components', '3'], 'components is given as 3'],
    [{ ...first, schema: 'asyncdiff.generate/1' }, [], 'not of asyncdiff.denoise/1'],
  ];
  for (const [at_, [wrong, more, why]] of refused.entries()) {
    const run = await runCli([...reference, write(`wrong-${at_}.json`, wrong), ...more], { env });
    expect(run, run.stderr).toMatchObject({ code: 2 });
    expect(run.stderr).toContain('[replay_impossible]');
    expect(run.stderr).toContain(why);
  }
}, 120_000);

it('plan tells shares, nodes, weights and boundary tensors of a file and of a folder', async () => {
  for (const model of [files.model, EMOJI]) {
    const document = await json(['plan', '--model', model, '--components', '3', '--json']);
    const components = document['components'] as {
      share: number;
      nodes: number;
      weight_bytes: number;
      receives: { name: string; shape: number[]; bytes: number }[];
    }[];
    expect(components).toHaveLength(3);
    expect(components.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 1);
    for (const { nodes, weight_bytes: bytes } of components) {
      expect(nodes).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThanOrEqual(0);
    }
    for (const { name, shape, bytes } of components.flatMap(({ receives }) => receives)) {
      expect(name).not.toBe('');
      expect(bytes).toBe(shape.reduce((product, dim) => product * dim, 4));
    }
  }
  const text = await runCli(['plan', '--model', files.model, '--components', '2'], { env });
  expect(text.stdout).toMatch(/component 2: .* % of the compute/);
});

it('plan shows step-parallel as one component, which no --components has to say', async () => {
  const { components } = await json(['plan', '--model', files.model, '--step-parallel', '2', '--json']);
  expect(components).toHaveLength(1);
});

it.skipIf(!existsSync(RECORDINGS)).each(['controlnet', 'pixart'])(
  'plan asks the pipeline of %s what its predictor is fed',
  async (name) => {
    const model = new RecordedPipeline(RECORDINGS, name).model;
    const { components } = await json(['plan', '--model', model, '--json']);
    expect(components).toHaveLength(2);
  },
);

it('demo draws both pictures and the comparison', async () => {
  const run = await runCli(['demo', '--num-inference-steps', '6', '--out', at('demo')], { env });
  expect(run.code, run.stderr).toBe(0);
  expect(run.stdout).toMatch(/1 worker, sequential .*1\.00x .*the same picture/);
  expect(run.stdout).toMatch(/2 workers, N=2 S=1 .*x .* dB/);
  expect(readdirSync(at('demo')).sort()).toEqual([
    'asyncdiff-2-workers.png',
    'sequential.png',
    'side-by-side.png',
  ]);
  expect(run.stderr).toContain('2 workers, asynchronous');
});

it('doctor shows what works here', async () => {
  const document = await json(['doctor', '--json']);
  const checks = document['checks'] as { name: string; ok: boolean; detail: string; hint?: string }[];
  const named = new Map(checks.map((check) => [check.name, check]));
  expect(named.get('asyncdiff')).toMatchObject({ ok: true, detail: packageVersion });
  for (const name of ['node', 'device cpu', 'cache', 'gRPC'])
    expect(named.get(name)).toMatchObject({ ok: true });
  for (const { ok, hint } of checks) if (!ok) expect(hint).toBeTruthy();
});

it('--version and --help write to stdout', async () => {
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${packageVersion}\n` });
  const help = await runCli(['generate', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('--num-inference-steps');
});
