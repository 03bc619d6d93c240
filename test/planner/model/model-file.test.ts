import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../../planner/model/index.js';
import {
  type FileRange,
  hashModel,
  loadModelFile,
  type ModelProto,
  readRange,
  tensorRange,
} from '../../../common/model-file/index.js';
import { moveWeightsOut, node, predictor, weight, writeModel } from '../../support/onnx-builder.js';
import { tag, varintBytes } from '../../../common/model-file/proto-window.js';
import { tempFolder } from '../../support/temp-folder.js';

function smallModel(): ModelProto {
  const conv = node('Conv', ['sample', 'w'], ['out_sample'], { pads: [1, 1, 1, 1] });
  return predictor([conv], [weight('w', [4, 4, 3, 3])]);
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('loadModelFile', () => {
  it('names a missing file and a folder', () => {
    const folder = tempFolder();
    expect(() => loadModelFile(join(folder, 'none.onnx'))).toThrow(/\[model_not_found\].*none\.onnx/);
    expect(() => loadModelFile(folder)).toThrow(/\[model_not_found\]/);
  });

  it.each([
    ['text', Buffer.from('<html>not a model</html>\n'.repeat(20))],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(64)],
    ['half a model', undefined],
  ])('refuses a file that is %s', (_, bytes) => {
    const folder = tempFolder();
    const path = writeModel(smallModel(), folder);
    writeFileSync(path, bytes ?? readFileSync(path).subarray(0, 300));
    expect(() => loadModelFile(path)).toThrow(/\[model_invalid\]/);
  });

  it.each([['/etc/hostname'], ['../weights.bin'], ['sub/../../weights.bin'], ['C:\\weights.bin'], ['']])(
    'refuses the external path %j',
    (location) => {
      const folder = tempFolder();
      const inner = join(folder, 'model');
      mkdirSync(inner);
      const model = smallModel();
      moveWeightsOut(model, inner, 'weights.bin');
      writeFileSync(join(folder, 'weights.bin'), 'secret');
      for (const tensor of model.graph?.initializer ?? []) {
        const pair = tensor.external_data?.find(({ key }) => key === 'location');
        if (pair) pair.value = location;
      }
      expect(() => loadModelFile(writeModel(model, inner))).toThrow(/\[model_invalid\].*plain path/);
    },
  );

  it('follows the links of a Hugging Face cache: graph and weights are blobs in another folder', async () => {
    const folder = tempFolder();
    const [blobs, snapshot] = [join(folder, 'blobs'), join(folder, 'snapshots', 'main', 'unet')];
    for (const dir of [blobs, snapshot]) mkdirSync(dir, { recursive: true });
    const model = smallModel();
    const plain = tempFolder();
    moveWeightsOut(model, plain, 'model.onnx_data');
    const path = writeModel(model, plain);
    renameSync(path, join(blobs, '1a2b'));
    renameSync(join(plain, 'model.onnx_data'), join(blobs, '3c4d'));
    symlinkSync(join('..', '..', '..', 'blobs', '1a2b'), join(snapshot, 'model.onnx'));
    symlinkSync(join('..', '..', '..', 'blobs', '3c4d'), join(snapshot, 'model.onnx_data'));
    const file = loadModelFile(join(snapshot, 'model.onnx'));
    const [weight] = file.model.graph?.initializer?.filter(({ data_location: at }) => at === 1) ?? [];
    expect(tensorRange(weight ?? {}, file.folder)?.path).toBe(realpathSync(join(blobs, '3c4d')));
  });

  it.each(['folder', 'link to a folder', 'device'])('refuses an external file that is a %s', (kind) => {
    const inner = tempFolder();
    const model = smallModel();
    moveWeightsOut(model, tempFolder(), 'weights.bin');
    if (kind === 'folder') mkdirSync(join(inner, 'weights.bin'));
    else symlinkSync(kind === 'device' ? '/dev/zero' : tempFolder(), join(inner, 'weights.bin'));
    expect(() => loadModelFile(writeModel(model, inner))).toThrow(/\[model_invalid\].*regular file/);
  });

  it('leaves weights in the file, whichever file it is', () => {
    const folder = tempFolder();
    const model = smallModel();
    model.graph?.initializer?.push({ ...weight('floats', [300]), name: 'unread' });
    const file = loadModelFile(writeModel(model, folder));
    for (const name of ['w', 'unread']) {
      const stored = file.model.graph?.initializer?.find((tensor) => tensor.name === name) ?? {};
      const range = tensorRange(stored, file.folder);
      const original = model.graph?.initializer?.find((tensor) => tensor.name === name)?.raw_data;
      expect(range?.path).toBe(realpathSync(file.path));
      expect(readRange(range as FileRange).equals(original as Uint8Array)).toBe(true);
    }
  });

  it('names an external file that is missing', () => {
    const model = smallModel();
    moveWeightsOut(model, tempFolder(), 'weights.bin');
    expect(() => loadModelFile(writeModel(model, tempFolder()))).toThrow(/\[file_not_found\].*weights\.bin/);
  });
});

describe('a file that is made to keep its reader busy', () => {
  /** A field of protobuf that holds bytes. */
  const field = (number: number, body: Uint8Array | string): Buffer => {
    const bytes = Buffer.from(body as string);
    return Buffer.concat([tag(number, 2), varintBytes(bytes.length), bytes]);
  };
  /** Branches within branches, so many. */
  const nested = (depth: number): Buffer => {
    let inner = Buffer.concat([field(4, 'Identity'), field(6, 'x'.repeat(600))]);
    for (let at = 0; at < depth; at++)
      inner = Buffer.concat([
        field(4, 'If'),
        field(5, Buffer.concat([field(1, 'then_branch'), field(6, field(1, inner))])),
      ]);
    return field(7, field(1, inner));
  };
  it.each([
    ['two million small numbers', () => Buffer.alloc(4 << 20, 0x08), 'more than 1000000 fields'],
    ['two million empty texts', () => Buffer.from('\x12\x00'.repeat(2 << 20)), 'more than 1000000 fields'],
    ['graphs that follow each other', () => Buffer.alloc(4 << 20, 0x3a), 'not an ONNX model'],
    ['branches 40 deep', () => nested(40), 'nested more than 95 deep'],
    ['branches 500 deep', () => nested(500), 'nested more than 95 deep'],
  ])('%s: is refused before it is taken apart', (_name, make, text) => {
    const path = join(tempFolder(), 'model.onnx');
    writeFileSync(path, make());
    const before = process.memoryUsage.rss();
    expect(() => loadModelFile(path)).toThrowError(
      expect.objectContaining({ code: 'model_invalid', message: expect.stringContaining(text) }),
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });
});

describe('hashModel', () => {
  it('is the SHA-256 of a model in one file', async () => {
    const path = writeModel(smallModel(), tempFolder());
    await expect(hashModel(loadModelFile(path))).resolves.toBe(sha256(readFileSync(path)));
  });

  it('covers external files by name, size and content', async () => {
    const folder = tempFolder();
    const model = smallModel();
    moveWeightsOut(model, folder, 'data/weights.bin');
    const path = writeModel(model, folder);
    const [main, weights] = [readFileSync(path), readFileSync(join(folder, 'data/weights.bin'))];
    const text = `${sha256(main)} ${main.length} model.onnx\n${sha256(weights)} ${weights.length} data/weights.bin\n`;
    await expect(hashModel(loadModelFile(path))).resolves.toBe(sha256(text));
  });
});

describe('describeModel', () => {
  it('tells inputs and output by name', () => {
    const found = describeModel(writeModel(smallModel(), tempFolder()));
    expect(found.sample).toEqual({ name: 'sample', dtype: 'float32', dims: ['batch', 4, 8, 8] });
    expect(found.timestep).toEqual({ name: 'timestep', dtype: 'int64', dims: ['steps'] });
    expect(found.conditioning.map(({ name }) => name)).toEqual(['encoder_hidden_states']);
    expect(found.output.name).toBe('out_sample');
    expect(found.opset).toBe(17);
  });

  it('tells inputs of unknown names by type and shape', () => {
    const model = smallModel();
    const graph = model.graph ?? {};
    const names: Record<string, string> = { sample: 'noisy', timestep: 'noise_level', out_sample: 'y' };
    for (const item of [...(graph.input ?? []), ...(graph.output ?? [])])
      item.name = names[item.name ?? ''] ?? item.name ?? '';
    for (const item of graph.node ?? []) {
      item.input = (item.input ?? []).map((name) => names[name] ?? name);
      item.output = (item.output ?? []).map((name) => names[name] ?? name);
    }
    const found = describeModel(writeModel(model, tempFolder()));
    expect([found.sample.name, found.timestep.name, found.output.name]).toEqual([
      'noisy',
      'noise_level',
      'y',
    ]);
  });

  it('says what it missed and what there is', () => {
    const model = smallModel();
    model.graph!.input = model.graph!.input!.filter(({ name }) => name !== 'timestep');
    expect(() => describeModel(writeModel(model, tempFolder()))).toThrow(
      /\[model_unsupported\].*timestep.*sample float32\[batch,4,8,8\]/,
    );
  });
});
