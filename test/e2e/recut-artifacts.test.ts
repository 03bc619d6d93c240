import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import { CliProcess } from '../support/child.js';
import { eventually, runCli } from '../support/cli.js';
import { node, predictor, weight, writeModel } from '../support/onnx-builder.js';
import { otherMachine } from '../support/other-machine.js';
import { writeSmallFiles } from '../support/small-predictor.js';

/** Of what lies between layers, little, and within one, so that a layer costs more than what would be sent to cut behind it. */
const [NARROW, WIDE] = [32, 4096];
const LAYERS = 10;
const MATRICES = 2 * LAYERS;
/** Of either matrix of a layer. */
const WEIGHT_BYTES = NARROW * WIDE * 4;

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-recut-artifacts-'));
const open: { close(): void }[] = [];
afterAll(() => {
  for (const one of open) one.close();
  rmSync(folder, { recursive: true, force: true });
});

const launcher = otherMachine(folder);
if (launcher === undefined)
  console.log('what a second cut sends is not tested: no mount namespace can be made here');

/** Matrices of layers in the cache of a worker on a machine of its own, by content. */
function matricesOf(name: string): string[] {
  const dir = join(folder, name);
  return readdirSync(dir).filter((file) => statSync(join(dir, file)).size === WEIGHT_BYTES);
}

it.skipIf(launcher === undefined)(
  'a second cut sends the tensors that change sides, and no others',
  async () => {
    const layers = Array.from({ length: LAYERS }, (_, at) => `layer${at}`);
    const files = await writeSmallFiles(folder);
    const model = writeModel(
      predictor(
        [
          node('Conv', ['sample', 'first'], ['h0']),
          ...layers.flatMap((name, at) => [
            node('Conv', [`h${at}`, `${name}.up`], [`${name}.wide`]),
            node('Conv', [`${name}.wide`, `${name}.down`], [`h${at + 1}`]),
          ]),
          node('Conv', [`h${LAYERS}`, 'last'], ['c']),
          node('Add', ['c', 'time'], ['d']),
          node('Add', ['d', 'context'], ['out_sample']),
        ],
        [
          weight('first', [NARROW, 4, 1, 1]),
          ...layers.flatMap((name) => [
            weight(`${name}.up`, [WIDE, NARROW, 1, 1]),
            weight(`${name}.down`, [NARROW, WIDE, 1, 1]),
          ]),
          weight('last', [4, NARROW, 1, 1]),
        ],
      ),
      folder,
    );
    const link = async (target = ''): Promise<FaultyLink> => {
      const made = await FaultyLink.open(target);
      open.push(made);
      return made;
    };
    const cache = (name: string): string[] => ['--cache', join(folder, name), '--exit-with-stdin'];
    const { address } = await new CliProcess([
      'serve',
      '--listen',
      '127.0.0.1:0',
      ...cache('coordinator'),
    ]).ready();
    const ways = [await link(address)];
    for (const name of ['w1', 'w2']) {
      const way = await link();
      ways.push(way);
      const where = [
        '--join',
        ways[0]?.address as string,
        '--listen',
        '127.0.0.1:0',
        '--advertise',
        way.address,
      ];
      const more = ['--name', name, '--threads', '1', ...cache(name)];
      const worker = new CliProcess(['worker', ...where, ...more], { launcher: launcher as string[] });
      way.target = (await worker.ready()).address;
    }
    const client = new AsyncDiffClient(address);
    open.push(client);
    await eventually(async () => (await client.status()).workers.length === 2, 'two workers');

    const own = [...files.flags, '--model', model, '--num-inference-steps', '4', '--quiet'];
    const where = ['--out', join(folder, 'out.npy'), '--coordinator', address];
    for (const cut of ['h3', 'h6']) {
      const run = await runCli(['denoise', ...own, ...where, '--cut', cut]);
      expect(run.code, run.stderr).toBe(0);
    }

    const held = ['w1', 'w2'].map(matricesOf);
    const moved = (held[0] as string[]).filter((sha256) => held[1]?.includes(sha256));
    expect(new Set(held.flat()).size).toBe(MATRICES);
    // Three layers.
    expect(moved).toHaveLength(6);
    // Every matrix once to each worker that ever held it, and one's worth for all else.
    const sentBytes = ways.reduce((sum, way) => sum + way.passedBytes, 0);
    expect(sentBytes).toBeGreaterThan((MATRICES + moved.length) * WEIGHT_BYTES);
    expect(sentBytes).toBeLessThan((MATRICES + moved.length + 1) * WEIGHT_BYTES);
  },
);
