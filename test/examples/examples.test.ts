import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalCluster } from '../../client/local/index.js';
import { packageRoot } from '../../common/package.js';
import { type Ran, run } from '../support/packed-project.js';

const examples = join(packageRoot, 'examples');
const MODEL = join('models', 'emoji');
const PNG = '\x89PNG';
const STEPS = '2';

let folder: string;
let cluster: LocalCluster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-examples-'));
  cluster = await LocalCluster.start({
    modelDir: join(packageRoot, MODEL),
    cacheDir: join(folder, 'asyncdiff'),
  });
});
afterAll(async () => {
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

function example(program: string, name: string, args: readonly string[]): Promise<Ran> {
  return run(program, [join(examples, name), ...args], packageRoot, { XDG_CACHE_HOME: folder });
}

function beginning(name: string): string {
  return readFileSync(join(folder, name)).subarray(0, 4).toString('latin1');
}

it('client.mjs', async () => {
  const out = join(folder, 'apple.png');
  const drawn = await example(process.execPath, 'client.mjs', [cluster.address, 'red apple', out, STEPS]);
  expect(drawn).toMatchObject({ code: 0, stderr: expect.stringContaining('step 2 of 2') });
  expect(beginning('apple.png')).toBe(PNG);
  const refused = await example(process.execPath, 'client.mjs', ['127.0.0.1:1']);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('[coordinator_unreachable]') });
});

it('local-cluster.mjs', async () => {
  const out = join(folder, 'tiger.png');
  const drawn = await example(process.execPath, 'local-cluster.mjs', [MODEL, 'tiger face', out, STEPS]);
  expect(drawn).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('2 rounds') });
  expect(beginning('tiger.png')).toBe(PNG);
});

it('run-list.mjs', async () => {
  const made = await example(process.execPath, 'run-list.mjs', []);
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('item 7: last_hidden_state float32 [1, 16, 192]\n') as unknown,
  });
});

it('own-predictor.mjs', async () => {
  const out = join(folder, 'latents.f32');
  const predictor = join(MODEL, 'unet', 'model.onnx');
  const made = await example(process.execPath, 'own-predictor.mjs', [predictor, out, STEPS]);
  expect(made).toMatchObject({ code: 0, stdout: `${out}: float32 [1, 4, 16, 16]\n` });
  expect(statSync(out).size).toBe(4 * 4 * 16 * 16);
});

it('client.py', async (context) => {
  const python = process.env['PYTHON'] ?? 'python3';
  if ((await run(python, ['-c', 'import grpc, grpc_tools'], folder)).code !== 0)
    context.skip(`${python} has no grpcio-tools`);
  const out = join(folder, 'python.png');
  const drawn = await example(python, 'client.py', [cluster.address, 'red apple', out, STEPS]);
  expect(drawn).toMatchObject({ code: 0, stderr: expect.stringContaining('step 2 of 2') });
  expect(readFileSync(out)).toEqual(readFileSync(join(folder, 'apple.png')));
});

it('each is in the table of examples/README.md', () => {
  const page = readFileSync(join(examples, 'README.md'), 'utf8');
  const files = readdirSync(examples).filter((name) => name !== 'README.md' && name !== '__pycache__');
  for (const name of files) expect(page).toContain(`[${name}](${name})`);
  expect(files.length).toBeGreaterThan(4);
});
