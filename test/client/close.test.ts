import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { encodeModel } from '../../common/model-file/index.js';
import { Coordinator } from '../../coordinator/index.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';
import { eventually } from '../support/cli.js';
import { weight } from '../support/onnx-builder.js';
import { smallPredictor } from '../support/small-predictor.js';

let coordinator: Coordinator;
let link: FaultyLink;
let folder: string;
let modelPath: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-close-'));
  const log = { info: () => undefined, warn: () => undefined };
  coordinator = await Coordinator.start({ listen: '127.0.0.1:0', workDir: join(folder, 'plans'), log });
  link = await FaultyLink.open(coordinator.address);
  const model = smallPredictor();
  model.graph?.initializer?.push(weight('ballast', [12 << 20]));
  modelPath = join(folder, 'large.onnx');
  writeFileSync(modelPath, encodeModel(model));
});
afterAll(async () => {
  link.close();
  await coordinator.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

/** Whether this process has the model's file open. */
function isOpen(): boolean {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === modelPath;
    } catch {
      return false;
    }
  });
}

function uploads(): string[] {
  try {
    return readdirSync(join(folder, 'plans', 'models'));
  } catch {
    return [];
  }
}

it('a client that is closed ends what it is at: uploads and calls, at once, and nothing is left of them', async () => {
  const client = new AsyncDiffClient(link.address);
  await client.status();
  const uploading = client.uploadModel(modelPath);
  uploading.catch(() => undefined);
  await eventually(() => uploads().length === 1, 'the upload begins');
  link.freeze();
  const calls = [uploading, client.status(), client.jobs(), client.plan({ modelSha256: 'a'.repeat(64) })];
  const settled = Promise.allSettled(calls);
  client.close();
  for (const outcome of await settled)
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'cancelled', message: expect.stringContaining('the client was closed') },
    });
  await eventually(() => !isOpen(), 'the file is closed');
  link.thaw();
  await eventually(() => uploads().length === 0, 'the coordinator deletes what came of it');
  await expect(client.status()).rejects.toMatchObject({ code: 'cancelled' });
  await expect(client.uploadModel(modelPath)).rejects.toMatchObject({ code: 'cancelled' });
});

it('a signal ends an upload at any time', async () => {
  await using client = new AsyncDiffClient(link.address);
  await expect(client.uploadModel(modelPath, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'cancelled',
  });
  const controller = new AbortController();
  const uploading = client.uploadModel(modelPath, { signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(uploading).rejects.toMatchObject({ code: 'cancelled' });
  await eventually(() => !isOpen(), 'the file is closed');
});
