import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelStore } from '../../coordinator/model-store.js';
import { sweepUploads, uploadFolder } from '../../coordinator/upload-folder.js';
import { hashModel, loadModelFile } from '../../common/model-file/index.js';
import type { UploadModelRequest__Output } from '../../rpc/gen/asyncdiff/v1/UploadModelRequest.js';
import { moveWeightsOut, writeModel } from '../support/onnx-builder.js';
import { smallPredictor } from '../support/small-predictor.js';
import { tempFolder } from '../support/temp-folder.js';

type Message = UploadModelRequest__Output;

async function* upload(messages: readonly Partial<Message>[]): AsyncGenerator<Message> {
  for (const message of messages) yield message;
}

function header(modelSha256: string, path: string, sizeBytes: number): Partial<Message> {
  return { header: { modelSha256, path, sizeBytes } };
}

function external(): { folder: string; path: string } {
  const folder = join(tempFolder(), 'source');
  mkdirSync(folder);
  const model = smallPredictor();
  moveWeightsOut(model, folder, 'weights/model.onnx_data');
  return { folder, path: writeModel(model, folder) };
}

describe('ModelStore', () => {
  it('keeps an uploaded model with its external data, and knows it the next time', async () => {
    const { path } = external();
    const { parts } = loadModelFile(path);
    const sha256 = await hashModel({ parts });
    const dir = join(tempFolder(), 'models');
    const store = new ModelStore(dir);
    expect(await store.has(sha256)).toBe(false);
    await expect(store.path(sha256)).rejects.toMatchObject({ code: 'model_not_found' });
    const messages = parts.flatMap((part) => {
      const bytes = readFileSync(part.path);
      const cut = Math.floor(bytes.length / 2);
      return [
        header(sha256, part.name, part.sizeBytes),
        { data: bytes.subarray(0, cut) },
        { data: bytes.subarray(cut) },
      ];
    });
    expect(await store.receive(upload(messages))).toBe(false);
    expect(await hashModel(loadModelFile(await store.path(sha256)))).toBe(sha256);
    expect(await store.receive(upload(messages))).toBe(true);
    expect(await new ModelStore(dir).has(sha256)).toBe(true);
    expect(readdirSync(dir)).toEqual([sha256]);

    // What has been damaged on the disk since is noticed, by this store and the next, and can come again.
    const stored = await store.path(sha256);
    const whole = readFileSync(stored);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1] = (flipped[whole.length >> 1] as number) ^ 1;
    for (const damaged of [flipped, whole.subarray(0, whole.length >> 1), Buffer.alloc(0)]) {
      writeFileSync(stored, damaged);
      const asked = damaged === flipped ? store : new ModelStore(dir);
      await expect(asked.path(sha256)).rejects.toMatchObject({ code: 'model_not_found' });
      expect(await asked.receive(upload(messages))).toBe(false);
      expect(readFileSync(await asked.path(sha256)).equals(whole)).toBe(true);
    }
  });

  it('makes a model of this host known without a copy', async () => {
    const path = writeModel(smallPredictor(), tempFolder());
    const store = new ModelStore(join(tempFolder(), 'models'));
    const sha256 = await store.addLocal(path);
    expect(sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
    expect(await store.path(sha256)).toBe(path);
    writeFileSync(path, readFileSync(path).subarray(1));
    await expect(store.path(sha256)).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('deletes what a coordinator that was killed in an upload has left, and no upload that goes on', async () => {
    const dir = join(tempFolder(), 'models');
    const { pid: dead } = spawnSync(process.execPath, ['--version']);
    const own = basename(uploadFolder(dir));
    const left = own.replace(`.${process.pid}.`, `.${dead}.`);
    const old = 'upload-11111111-1111-1111-1111-111111111111';
    for (const name of [own, left, old]) mkdirSync(join(dir, name), { recursive: true });
    writeFileSync(join(dir, left, 'model.onnx'), 'half');
    utimesSync(join(dir, old), 1, 1);
    await sweepUploads(dir);
    expect(readdirSync(dir)).toEqual([own]);
  });

  const sha = 'a'.repeat(64);
  it.each([
    ['an empty upload', [], /no file/],
    [
      'bytes that are missing',
      [header(sha, 'model.onnx', 10), { data: Buffer.alloc(4) }],
      /6 bytes .* missing/,
    ],
    ['bytes too many', [header(sha, 'model.onnx', 2), { data: Buffer.alloc(4) }], /more bytes/],
    ['a path upwards', [header(sha, '../model.onnx', 1)], /plain relative path/],
    ['an absolute path', [header(sha, '/tmp/model.onnx', 1)], /plain relative path/],
    ['a path with a backslash', [header(sha, '..\\model.onnx', 1)], /plain relative path/],
    ['a path through itself', [header(sha, 'a/../../model.onnx', 1)], /plain relative path/],
    ['a name that is no hash', [header('../../x', 'model.onnx', 1)], /not a SHA-256/],
  ] as const)('refuses %s, and keeps nothing of it', async (_name, messages, text) => {
    const dir = join(tempFolder(), 'models');
    const store = new ModelStore(dir);
    await expect(store.receive(upload(messages))).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(text),
    });
    expect(existsSync(dir) ? readdirSync(dir) : []).toEqual([]);
  });

  it('counts what others have announced: two that have no room together do not both come', async () => {
    const store = new ModelStore(join(tempFolder(), 'models'), 1_000);
    let [begin, goOn] = [(): void => undefined, (): void => undefined];
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const waits = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    async function* slow(): AsyncGenerator<Message> {
      yield* upload([header('a'.repeat(64), 'model.onnx', 700)]);
      // The header has been taken.
      begin();
      await waits;
    }
    const first = store.receive(slow());
    await begun;
    const second = store.receive(upload([header('b'.repeat(64), 'model.onnx', 700)]));
    await expect(second).rejects.toMatchObject({ code: 'limit_exceeded' });
    goOn();
    await expect(first).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(store.receive(upload([header('b'.repeat(64), 'model.onnx', 700)]))).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('refuses a model that is not the one announced', async () => {
    const path = writeModel(smallPredictor(), tempFolder());
    const bytes = readFileSync(path);
    const dir = join(tempFolder(), 'models');
    await expect(
      new ModelStore(dir).receive(upload([header(sha, 'model.onnx', bytes.length), { data: bytes }])),
    ).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('not aaaaaaaaaaaa') });
    expect(readdirSync(dir)).toEqual([]);
  });
});
