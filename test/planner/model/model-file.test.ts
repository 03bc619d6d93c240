import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../../planner/model/index.js';
import { hashModel, loadModelFile, type ModelProto } from '../../../common/model-file/index.js';
import { moveWeightsOut, node, predictor, weight, writeModel } from '../../support/onnx-builder.js';
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

  it('refuses an external file that is a link out of the folder, or a folder', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'secret'), 'secret');
    for (const kind of ['link', 'folder']) {
      const inner = join(folder, kind);
      mkdirSync(inner);
      const model = smallModel();
      moveWeightsOut(model, tempFolder(), 'weights.bin');
      if (kind === 'link') symlinkSync(join(folder, 'secret'), join(inner, 'weights.bin'));
      else mkdirSync(join(inner, 'weights.bin'));
      expect(() => loadModelFile(writeModel(model, inner))).toThrow(/\[model_invalid\].*regular file/);
    }
  });

  it('names an external file that is missing', () => {
    const model = smallModel();
    moveWeightsOut(model, tempFolder(), 'weights.bin');
    expect(() => loadModelFile(writeModel(model, tempFolder()))).toThrow(/\[file_not_found\].*weights\.bin/);
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
