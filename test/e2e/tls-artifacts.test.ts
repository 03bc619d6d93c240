import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { readNpy } from '../../common/npy/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import { expectSameBits } from '../support/bits.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import { CliProcess } from '../support/child.js';
import { eventually, runCli } from '../support/cli.js';
import { node, predictor, weight, writeModel } from '../support/onnx-builder.js';
import { otherMachine } from '../support/other-machine.js';
import { writeSmallFiles } from '../support/small-predictor.js';

const CHANNELS = 512;
/** Of the one tensor that is large enough for a worker to give it to another. */
const WEIGHT_BYTES = CHANNELS * CHANNELS * 4;

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-tls-artifacts-'));
const open: { close(): void }[] = [];
afterAll(() => {
  for (const one of open) one.close();
  rmSync(folder, { recursive: true, force: true });
});

const launcher = otherMachine(folder);
if (launcher === undefined)
  console.log('weights between workers over TLS are not tested: no mount namespace can be made here');

it.skipIf(launcher === undefined)(
  'over mutual TLS the coordinator sends a weight once, and the second worker has it from the first',
  async () => {
    const files = await writeSmallFiles(folder);
    const model = writeModel(
      predictor(
        [
          node('Conv', ['sample', 'wide'], ['a']),
          node('Conv', ['a', 'large'], ['b']),
          node('Conv', ['b', 'narrow'], ['c']),
          node('Add', ['c', 'time'], ['d']),
          node('Add', ['d', 'context'], ['out_sample']),
        ],
        [
          weight('wide', [CHANNELS, 4, 1, 1]),
          weight('large', [CHANNELS, CHANNELS, 1, 1]),
          weight('narrow', [4, CHANNELS, 1, 1]),
        ],
      ),
      folder,
    );
    const authority = await TestAuthority.make();
    const client = await authority.host('client');
    const tls = async (name: string): Promise<string[]> =>
      tlsFlags(authority, await authority.host(name), folder);
    const link = async (target = ''): Promise<FaultyLink> => {
      const made = await FaultyLink.open(target);
      open.push(made);
      return made;
    };

    const cache = (name: string): string[] => ['--cache', join(folder, name), '--exit-with-stdin'];
    const flags = ['--listen', '127.0.0.1:0', ...cache('coordinator'), ...(await tls('coordinator'))];
    const { address } = await new CliProcess(['serve', ...flags]).ready();
    const toCoordinator = await link(address);
    const toWorkers = await Promise.all(
      ['w1', 'w2'].map(async (name) => {
        const way = await link();
        const where = [
          '--join',
          toCoordinator.address,
          '--listen',
          '127.0.0.1:0',
          '--advertise',
          way.address,
        ];
        const more = ['--name', name, '--threads', '1', ...cache(name), ...(await tls(name))];
        const worker = new CliProcess(['worker', ...where, ...more], { launcher: launcher as string[] });
        way.target = (await worker.ready()).address;
        return way;
      }),
    );
    const status = new AsyncDiffClient(address, { security: authority.security(client) });
    open.push(status);
    await eventually(async () => (await status.status()).workers.length === 2, 'two workers');

    const denoise = async (where: readonly string[]): ReturnType<typeof readNpy> => {
      const out = join(folder, 'out.npy');
      const own = [...files.flags, '--model', model, '--num-inference-steps', '4', '--step-parallel', '2'];
      const run = await runCli(['denoise', ...own, '--quiet', '--out', out, ...where]);
      expect(run.code, run.stderr).toBe(0);
      return readNpy(out);
    };
    const before = toCoordinator.passedBytes;
    const latents = await denoise(['--coordinator', address, ...tlsFlags(authority, client, folder)]);
    const sent = toCoordinator.passedBytes - before;
    expect(sent).toBeGreaterThan(WEIGHT_BYTES);
    expect(sent).toBeLessThan(1.5 * WEIGHT_BYTES);
    const between = toWorkers.reduce((sum, way) => sum + way.passedBytes, 0);
    expect(between).toBeGreaterThan(WEIGHT_BYTES);
    expect(between).toBeLessThan(1.5 * WEIGHT_BYTES);
    expectSameBits(latents, await denoise(['--reference', '--threads', '1']), 'over TLS');
  },
);
