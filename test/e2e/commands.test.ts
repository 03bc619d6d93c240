import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readNpy } from '../../common/npy/index.js';
import { packageRoot, packageVersion } from '../../common/package.js';
import { expectSameBits } from '../support/bits.js';
import { jsonOf, runCli } from '../support/cli.js';
import { runHere } from '../support/command-here.js';
import { RecordedPipeline, RECORDINGS } from '../support/recorded-pipeline.js';
import { type SmallFiles, writeSmallFiles } from '../support/small-predictor.js';

const EMOJI = join(packageRoot, 'models', 'emoji');
let folder: string;
let files: SmallFiles;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-commands-'));
  files = await writeSmallFiles(folder);
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

const json = (args: readonly string[]): Promise<Record<string, unknown>> => jsonOf(runCli(args));
const jsonHere = (args: readonly string[]): Promise<Record<string, unknown>> => jsonOf(runHere(args));

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
  const first = await jsonHere([
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
  const again = await jsonHere(['denoise', ...flags, '--replay', report, '--out', at('second.npy')]);
  expectSameBits(await readNpy(at('second.npy')), await readNpy(at('first.npy')), 'of the workers');
  expect(again['in_order_steps']).toEqual(first['in_order_steps']);
  const reference = ['denoise', ...flags, '--reference', '--out', at('third.npy'), '--replay'];
  const third = await jsonHere([...reference, report]);
  // The reference's own report is one, too.
  const fourth = await jsonHere([...reference, write('reference.json', third)]);
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
    const run = await runHere([...reference, write(`wrong-${at_}.json`, wrong), ...more]);
    expect(run, run.stderr).toMatchObject({ code: 2 });
    expect(run.stderr).toContain('[replay_impossible]');
    expect(run.stderr).toContain(why);
  }
}, 120_000);

it('plan tells shares, nodes, weights and boundary tensors of a file and of a folder', async () => {
  for (const model of [files.model, EMOJI]) {
    const document = await jsonHere(['plan', '--model', model, '--components', '3', '--json']);
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
  const text = await runHere(['plan', '--model', files.model, '--components', '2']);
  expect(text.stdout).toMatch(/component 2: .* % of the compute/);
});

it('plan takes what run takes, and the bundled model where none is named', async () => {
  const encoder = join(EMOJI, 'text_encoder', 'model.onnx');
  const list = await runHere(['plan', '--model', encoder, '--components', '3']);
  expect(list.stdout).toMatch(/: 3 components, run over a list\ninputs: input_ids int64 \[1,16\]\n/);
  expect(list.stdout).toMatch(/predicted \S+ ms an item .* ms on one worker/);
  const bundled = await runHere(['plan']);
  expect(bundled.stdout).toMatch(/unet\/model\.onnx: n2s1, 2 components, /);
});

it('plan shows step-parallel as one component, which no --components has to say', async () => {
  const { components } = await jsonOf(
    runHere(['plan', '--model', files.model, '--step-parallel', '2', '--json']),
  );
  expect(components).toHaveLength(1);
});

it.skipIf(!existsSync(RECORDINGS)).each([
  'controlnet',
  'pixart',
  // Packed latents with positions; a sound; folders without a text encoder, which draw from --prompt-embeds.
  'flux-dev',
  'stable-audio',
  'z-image',
  'qwen-image',
])('plan asks the pipeline of %s what its predictor is fed', async (name) => {
  const model = new RecordedPipeline(RECORDINGS, name).model;
  const { components } = await jsonOf(runHere(['plan', '--model', model, '--json']));
  expect(components).toHaveLength(2);
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
