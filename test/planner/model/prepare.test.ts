import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeModel, type ModelProto } from '../../../common/model-file/index.js';
import { prepareModel, profileInputs } from '../../../planner/model/index.js';
import {
  halfWeight,
  moveWeightsOut,
  node,
  predictor,
  scalar,
  value,
  weight,
  writeModel,
} from '../../support/onnx-builder.js';
import { bits, exportAll, runModel, runSegments } from '../../support/run-segments.js';
import { cutAt, latentNodes } from '../../support/simple-partition.js';
import { tempFolder } from '../../support/temp-folder.js';

const pads = [1, 1, 1, 1];
const inputShapes = { sample: [2, 4, 8, 8] };

function chain(): ModelProto {
  return predictor(
    [
      node('Conv', ['sample', 'w1'], ['a'], { pads }),
      node('Cast', ['half'], ['wide'], { to: 1 }),
      node('Conv', ['a', 'wide'], ['b'], { pads: [2, 2, 2, 2] }),
      node('Div', ['b', 'one'], ['c']),
      node('Add', ['c', 'time'], ['d']),
      node('Mul', ['d', 'context'], ['e']),
      // Nothing that the noise prediction needs.
      node('Sigmoid', ['e'], ['unused']),
      node('Conv', ['e', 'w2'], ['out_sample'], { pads }),
    ],
    [
      weight('w1', [4, 4, 3, 3]),
      halfWeight('half', [4, 4, 5, 5]),
      weight('w2', [4, 4, 3, 3]),
      scalar('one', 1),
    ],
  );
}

describe('prepareModel', () => {
  it('measures nodes in the order of the file, without dead ones and casts of weights', async () => {
    const workDir = tempFolder();
    const prepared = await prepareModel({
      modelPath: writeModel(chain(), tempFolder()),
      inputShapes,
      workDir,
    });
    const { graph } = prepared;
    expect(prepared.opset).toBe(17);
    expect(graph.nodes.some((item) => item.outputs.includes('unused'))).toBe(false);
    expect(graph.nodes.every((item) => item.costMs > 0)).toBe(true);
    expect(graph.values.get('e')).toEqual({ name: 'e', dtype: 'float32', dims: [2, 4, 8, 8], bytes: 2048 });
    // The second convolution reads its weight through a cast, and has it as float16.
    const conv = graph.nodes.find((item) => item.weights.includes('half'));
    expect(conv?.opType).toBe('Conv');
    expect(graph.weightBytes.get('half')).toBe(800);
    expect(graph.nodes.some((item) => item.outputs.includes('wide'))).toBe(false);
    const known = new Set(graph.inputs.map(({ name }) => name));
    for (const item of graph.nodes) {
      for (const name of item.inputs) expect(known).toContain(name);
      for (const name of item.outputs) known.add(name);
    }
  });

  it('finds a prepared model again, and nothing else is left behind', async () => {
    const modelPath = writeModel(chain(), tempFolder());
    const workDir = tempFolder();
    const first = await prepareModel({ modelPath, inputShapes, workDir });
    const second = await prepareModel({ modelPath, inputShapes, workDir });
    expect([first.fromCache, second.fromCache]).toEqual([false, true]);
    expect(second.graph).toEqual(first.graph);
    const partition = cutAt(first.graph, latentNodes(first.graph).slice(0, 1));
    const [exported, again] = await Promise.all(
      [first, second].map((prepared) => exportAll(prepared, partition, tempFolder())),
    );
    expect(again?.artifacts.map(({ sha256 }) => sha256)).toEqual(
      exported?.artifacts.map(({ sha256 }) => sha256),
    );
    await prepareModel({ modelPath, inputShapes: { sample: [1, 4, 8, 8] }, workDir });
    expect(readdirSync(workDir)).toHaveLength(2);
  });

  it('has every value of the model as a place to cut', async () => {
    const modelPath = writeModel(chain(), tempFolder());
    const { graph } = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    // A division by one, among them: what ONNX Runtime would fold away.
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      expect(graph.nodes.some((item) => item.outputs.includes(name))).toBe(true);
  });

  it.each([
    ['down_block', /no value down_block/],
    ['out_sampel', /no value out_sampel; near it: out_sample/],
    ['w1', /w1 is an input or a weight/],
    ['sample', /sample is an input or a weight/],
    ['unused', /does not depend on unused/],
    ['wide', /wide does not depend on any input/],
  ])('refuses to end a component with %s', async (name, message) => {
    const modelPath = writeModel(chain(), tempFolder());
    const workDir = tempFolder();
    const made = prepareModel({ modelPath, inputShapes, keepValues: [name], workDir });
    await expect(made).rejects.toMatchObject({ code: 'partition_impossible' });
    await expect(made).rejects.toThrow(message);
    expect(readdirSync(workDir)).toEqual([]);
  });

  it('prepares a model with external data, and leaves it where it is', async () => {
    const folder = tempFolder();
    const modelPath = writeModel(chain(), tempFolder());
    const model = chain();
    moveWeightsOut(model, folder, 'data/weights.bin');
    const workDir = tempFolder();
    const prepared = await prepareModel({
      modelPath: writeModel(model, folder),
      inputShapes,
      workDir,
    });
    const feeds = profileInputs(prepared.graph.inputs, prepared.graph.timestepInput);
    const artifacts = await exportAll(
      prepared,
      cutAt(prepared.graph, latentNodes(prepared.graph).slice(0, 1)),
      tempFolder(),
    );
    const whole = await runModel(modelPath, feeds, 'extended');
    const pieces = await runSegments(artifacts, feeds, 'extended');
    expect(bits(pieces['out_sample']).equals(bits(whole['out_sample']))).toBe(true);
  });

  it('refuses external data that is too short', async () => {
    const folder = tempFolder();
    const model = chain();
    moveWeightsOut(model, folder, 'weights.bin');
    const length = model.graph!.initializer!.at(-2)!.external_data!.find(({ key }) => key === 'length');
    length!.value = '1000000';
    const modelPath = writeModel(model, folder);
    const made = prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    await expect(made).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('refuses a prediction that is not shaped as the latents, and an operator that nobody has', async () => {
    const wide = predictor([node('Concat', ['sample', 'sample'], ['out_sample'], { axis: 1 })]);
    wide.graph!.output = [value('out_sample', ['batch', 'channels', 8, 8])];
    const strange = predictor([node('Frobnicate', ['sample'], ['out_sample'])]);
    const made = (model: ModelProto) =>
      prepareModel({
        modelPath: writeModel(model, tempFolder()),
        inputShapes,
        workDir: tempFolder(),
      });
    await expect(made(wide)).rejects.toThrow(/\[model_unsupported\].*gives out_sample float32\[2,8,8,8\]/);
    await expect(made(strange)).rejects.toThrow(/\[model_invalid\].*Frobnicate/);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    const modelPath = writeModel(chain(), tempFolder());
    const made = prepareModel({ modelPath, inputShapes, workDir: tempFolder(), signal });
    await expect(made).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('exportSegments', () => {
  it('gives the same bytes each time, with only the weights that a segment reads', async () => {
    const modelPath = writeModel(chain(), tempFolder());
    const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    const { graph } = prepared;
    const partition = cutAt(graph, [graph.nodes.findIndex((item) => item.weights.includes('half'))]);
    const { artifacts: first } = await exportAll(prepared, partition, tempFolder());
    const { artifacts: again } = await exportAll(prepared, partition, tempFolder());
    expect(again.map(({ sha256 }) => sha256)).toEqual(first.map(({ sha256 }) => sha256));
    const names = first.map(({ path }) =>
      (decodeModel(readFileSync(path), path).graph?.initializer ?? []).map(({ name }) => name),
    );
    expect(names[0]).toEqual(expect.arrayContaining(['w1', 'half']));
    expect(names[0]).not.toContain('w2');
    expect(names[1]).toContain('w2');
    expect(names[1]).not.toContain('half');
  });

  it('casts a boundary tensor that is narrower on the wire, in producer and consumer', async () => {
    const modelPath = writeModel(chain(), tempFolder());
    const prepared = await prepareModel({ modelPath, inputShapes, workDir: tempFolder() });
    const { graph } = prepared;
    const end = graph.nodes.findIndex((item) => item.weights.includes('half'));
    const partition = cutAt(graph, [end], 'float16');
    const { artifacts, tensors } = await exportAll(prepared, partition, tempFolder());
    const [head, tail] = artifacts;
    const name = partition.boundaryTensors[0]?.name ?? '';
    expect(name).toMatch(/:float16$/);
    expect(head?.outputs).toEqual([{ name, dtype: 'float16', dims: [2, 4, 8, 8] }]);
    expect(tail?.inputs.at(-1)).toEqual({ name, dtype: 'float16', dims: [2, 4, 8, 8] });
    const feeds = profileInputs(graph.inputs, graph.timestepInput);
    const whole = (await runModel(modelPath, feeds, 'extended'))['out_sample']?.data as Float32Array;
    const values = await runSegments({ artifacts, tensors }, feeds, 'extended');
    expect(values[name]?.type).toBe('float16');
    const given = values['out_sample']?.data as Float32Array;
    const scale = Math.max(...whole.map(Math.abs));
    expect(Math.max(...whole.map((x, at) => Math.abs(x - (given[at] ?? 0))))).toBeLessThan(scale * 2e-3);
  });
});
