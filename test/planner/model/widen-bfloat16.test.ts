import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import {
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../../common/model-file/index.js';
import { describeModel } from '../../../planner/model/index.js';
import { loadWidened } from '../../../planner/model/widen-bfloat16.js';
import { inlineWeights } from '../../support/pipeline-reference.js';
import { tempFolder } from '../../support/temp-folder.js';

const BFLOAT16 = 16;
/** More than 512 bytes, so that it stays in the file. */
const WIDTH = 300;

/** The first half of each float32. */
function bfloat16(values: readonly number[]): Uint8Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(bits, (one) => one >>> 16).buffer);
}

function tensor(name: string, values: readonly number[], dims: readonly number[]): TensorProto {
  return { name, data_type: BFLOAT16, dims: [...dims], raw_data: bfloat16(values) };
}

function value(name: string, type: number, dims: readonly number[]): ValueInfoProto {
  const dim = dims.map((size) => ({ dim_value: size }));
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

function node(op: string, input: string[], output: string, more: Partial<NodeProto> = {}): NodeProto {
  return { name: output, op_type: op, input, output: [output], ...more };
}

test('a model in bfloat16 computes in float32, with its weights as they are in the file', async () => {
  const scales = Array.from({ length: WIDTH }, (_, i) => 1 + (i % 8) / 8);
  const shape = [1, WIDTH];
  const path = join(tempFolder(), 'model.onnx');
  const two = tensor('', [2], [1]);
  writeFileSync(
    path,
    encodeModel({
      ir_version: 9,
      opset_import: [{ domain: '', version: 18 }],
      graph: {
        name: 'halves',
        input: [value('sample', BFLOAT16, shape), value('timestep', 1, [1])],
        output: [value('out_sample', BFLOAT16, shape)],
        initializer: [tensor('scales', scales, shape), tensor('half', [0.5], [1])],
        node: [
          node('Constant', [], 'two', { attribute: [{ name: 'value', type: 4, t: two }] }),
          node('Cast', ['timestep'], 'time', { attribute: [{ name: 'to', type: 2, i: BFLOAT16 }] }),
          node('Mul', ['sample', 'scales'], 'scaled'),
          node('Mul', ['scaled', 'two'], 'doubled'),
          node('Mul', ['time', 'half'], 'shift'),
          node('Add', ['doubled', 'shift'], 'out_sample'),
        ],
      },
    }),
  );
  expect(describeModel(path).sample).toMatchObject({ name: 'sample', dtype: 'float32' });
  const { model, folder } = loadWidened(path);
  expect(model.graph?.initializer?.map(({ name, data_type }) => [name, data_type])).toEqual([
    ['scales.bfloat16', BFLOAT16],
    ['half', 1],
    ['two', 1],
  ]);
  if (model.graph) inlineWeights(model, folder);
  const session = await ort.InferenceSession.create(encodeModel(model));
  const sample = Float32Array.from({ length: WIDTH }, (_, i) => i / 8);
  const { out_sample: out } = await session.run({
    sample: new ort.Tensor('float32', sample, shape),
    timestep: new ort.Tensor('float32', Float32Array.of(6), [1]),
  });
  expect(out?.data).toEqual(sample.map((one, i) => one * (scales[i] as number) * 2 + 3));
  await session.release();
});
