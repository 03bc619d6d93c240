import * as ort from 'onnxruntime-node';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { encodeModel, type ModelProto } from '../../../common/model-file/index.js';
import { controlInput, loadAdapted } from '../../../planner/model/index.js';
import { node, value, writeModel } from '../../support/onnx-builder.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-control-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, graph: NonNullable<ModelProto['graph']>): string {
  mkdirSync(join(folder, name));
  return writeModel(
    { ir_version: 8, opset_import: [{ domain: '', version: 17 }], producer_name: 'test', graph },
    join(folder, name),
  );
}

const row = [1, 2];

it("an input of the control graph's own is not the predictor's of the same name", async () => {
  // latents + text + residual, the residual being text * condition.
  const predictor = write('predictor', {
    name: 'predictor',
    node: [node('Add', ['sample', 'text'], ['sum']), node('Add', ['sum', 'residual.0'], ['out'])],
    input: ['sample', 'text', 'residual.0'].map((name) => value(name, row)),
    output: [value('out', row)],
  });
  const control = write('control', {
    name: 'control',
    node: [node('Mul', ['text', 'condition'], ['made'])],
    input: ['text', 'condition'].map((name) => value(name, row)),
    output: [value('made', row)],
  });
  const run = async (own: readonly string[], feeds: Readonly<Record<string, number[]>>) => {
    const graph = { modelPath: control, outputs: { made: 'residual.0' }, own };
    const { model } = loadAdapted(predictor, { control: graph });
    const session = await ort.InferenceSession.create(Buffer.from(encodeModel(model)));
    const tensors = Object.entries(feeds).map(([name, data]) => [
      name,
      new ort.Tensor('float32', Float32Array.from(data), row),
    ]);
    const { out } = await session.run(Object.fromEntries(tensors) as Record<string, ort.Tensor>);
    await session.release();
    return Array.from((out as ort.Tensor).data as Float32Array);
  };
  const feeds = { sample: [1, 2], text: [10, 20], condition: [3, 3] };
  expect(await run([], feeds)).toEqual([1 + 10 + 30, 2 + 20 + 60]);
  const apart = { ...feeds, [controlInput('text')]: [0, 1] };
  expect(await run(['text'], apart)).toEqual([1 + 10, 2 + 20 + 3]);
});
