import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type DenoiseOptions } from '../../client/index.js';
import type { ModelProto, NodeProto } from '../../common/model-file/index.js';
import { packageRoot } from '../../common/package.js';
import { type DelayProxy, startDelayProxy } from '../../scripts/delay-proxy.js';
import { CliProcess } from '../support/child.js';
import { eventually } from '../support/cli.js';
import { denoiseOn } from '../support/cluster.js';
import { node, predictor, weight, writeModel } from '../support/onnx-builder.js';
import { fill, hasSmallDisks, onSmallDisk, seenBy } from '../support/small-disk.js';
import { SMALL_SCHEDULER, smallInputs } from '../support/small-predictor.js';

const MIB = 2 ** 20;
/** More than a worker leaves free beside what is to come. */
const DISK_MIB = 96;
const WIDTH = 1024;

/** 12 MB of weights that every run reads. */
function heavyPredictor(): ModelProto {
  const pads = { pads: [1, 1, 1, 1] };
  const layers = ['a', 'b', 'c'];
  const nodes: NodeProto[] = [node('Conv', ['sample', 'in_w'], ['in'], pads)];
  layers.forEach((name, at) => {
    nodes.push(node('Conv', [layers[at - 1] ?? 'in', `${name}_w`], [`${name}_conv`]));
    nodes.push(node('Tanh', [`${name}_conv`], [name]));
  });
  nodes.push(
    node('Conv', ['c', 'out_w'], ['out_conv'], pads),
    node('Add', ['out_conv', 'time'], ['out_sample']),
  );
  return predictor(nodes, [
    weight('in_w', [WIDTH, 4, 3, 3]),
    ...layers.map((name) => weight(`${name}_w`, [WIDTH, WIDTH, 1, 1])),
    weight('out_w', [4, WIDTH, 3, 3]),
  ]);
}

describe.skipIf(!hasSmallDisks())('a disk that is full', () => {
  let folder: string;
  let serve: CliProcess;
  let worker: CliProcess;
  let proxy: DelayProxy;
  let client: AsyncDiffClient;
  let modelPath: string;
  const at = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'asyncdiff-full-disk-'));
    modelPath = writeModel(heavyPredictor(), folder);
    serve = new CliProcess(
      ['serve', '--listen', '127.0.0.1:0', '--threads', '1', '--cache', at('coordinator')],
      {
        launcher: onSmallDisk(at('coordinator'), DISK_MIB),
      },
    );
    const { address } = await serve.ready();
    // Slow enough for a disk to fill up while weights come.
    proxy = await startDelayProxy({ to: address, delayMs: 1, bytesPerSecond: 6 * MIB });
    worker = new CliProcess(
      [
        'worker',
        '--join',
        proxy.address,
        '--name',
        'w',
        '--threads',
        '1',
        '--cache',
        at('worker'),
        '--exit-with-stdin',
      ],
      {
        launcher: onSmallDisk(at('worker'), DISK_MIB),
        nodeFlags: ['--import', join(packageRoot, 'scripts/chaos/other-host.mjs')],
        env: { ASYNCDIFF_CHAOS_HOST: 'elsewhere' },
      },
    );
    await worker.until(() => worker.stderr.includes('"joined"'), 'join');
    client = new AsyncDiffClient(address);
  });
  afterAll(async () => {
    client.close();
    worker.kill('SIGKILL');
    await Promise.all([worker.exit, serve.stop()]);
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('of the coordinator, in an upload: an error that names it, nothing left, and room for the next one', async () => {
    const disk = seenBy(serve.pid, at('coordinator'));
    const free = fill(disk);
    await expect(client.uploadModel(modelPath)).rejects.toMatchObject({
      code: 'cache_unwritable',
      message: expect.stringContaining(at('coordinator')),
      hint: expect.stringContaining('--cache'),
    });
    expect(
      readdirSync(disk, { recursive: true }).filter((name) => /upload-|\.onnx/.test(String(name))),
    ).toEqual([]);
    free();
    await client.uploadModel(modelPath);
  });

  it('of a worker, while weights come: an error that names it, and the next job goes on where they were', async () => {
    const job: DenoiseOptions = {
      modelSha256: await client.uploadModel(modelPath),
      schedulerConfig: SMALL_SCHEDULER,
      inputs: smallInputs(),
      numInferenceSteps: 2,
    };
    const disk = seenBy(worker.pid, at('worker'));
    let free: (() => void) | undefined;
    const receivedBefore = proxy.passedBytes.down;
    await expect(
      denoiseOn(client, job, async (event) => {
        if (event.type !== 'preparing' || free !== undefined) return;
        await eventually(() => proxy.passedBytes.down - receivedBefore > 2 * MIB, 'weights come');
        free = fill(disk);
      }),
    ).rejects.toMatchObject({
      code: 'cache_unwritable',
      message: expect.stringMatching(new RegExp(`worker w.*${at('worker')}|${at('worker')}.*worker w`)),
      hint: expect.stringContaining('--cache'),
    });
    expect((await client.status()).workers).toMatchObject([{ name: 'w' }]);
    free?.();
    await denoiseOn(client, job);
    const left = readdirSync(disk, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /\.part|\.tmp|^parts\/./.test(name))).toEqual([]);
    // What had arrived was not sent again.
    expect(proxy.passedBytes.down - receivedBefore).toBeLessThan(20 * MIB);
  });
});
