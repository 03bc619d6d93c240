import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type AttributeProto,
  encodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../common/model-file/index.js';

const FLOAT = 1;
const INT64 = 7;
const FLOAT16 = 10;

/** A node; attributes are integers, lists of integers, or floats given as `{ f }`. */
export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, number | number[] | AttributeProto> = {},
): NodeProto {
  return {
    name: `${opType}/${output[0] ?? ''}`,
    op_type: opType,
    input,
    output,
    attribute: Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'number') return { name, type: 2, i: value };
      return Array.isArray(value) ? { name, type: 7, ints: value } : { ...value, name };
    }),
  };
}

/** A float32 weight of small numbers that depend on its name only. */
export function weight(name: string, dims: number[]): TensorProto {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  let state = Buffer.from(name).reduce((hash, byte) => Math.imul(hash, 31) + byte, 7);
  for (let index = 0; index < data.length; index++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    data[index] = state / 2 ** 33;
  }
  return { name, dims, data_type: FLOAT, raw_data: new Uint8Array(data.buffer) };
}

/** A float16 weight: bit patterns of numbers between 0.0625 and 0.25, of both signs. */
export function halfWeight(name: string, dims: number[]): TensorProto {
  const source = weight(name, dims).raw_data ?? new Uint8Array();
  const data = new Uint16Array(dims.reduce((a, b) => a * b, 1));
  data.forEach((_, index) => {
    data[index] =
      0x2c00 + (((source[index * 4 + 1] ?? 0) << 3) & 0x7ff) + ((source[index * 4] ?? 0) & 1 ? 0x8000 : 0);
  });
  return { name, dims, data_type: FLOAT16, raw_data: new Uint8Array(data.buffer) };
}

/** A float32 number. */
export function scalar(name: string, value: number): TensorProto {
  return { name, dims: [], data_type: FLOAT, float_data: [value] };
}

/** A list of int64. */
export function integers(name: string, values: number[]): TensorProto {
  return { name, dims: [values.length], data_type: INT64, int64_data: values };
}

/** A graph input or output; a string is a symbolic dimension. */
export function value(name: string, dims: (number | string)[], dtype = FLOAT) {
  const dim = dims.map((size) => (typeof size === 'string' ? { dim_param: size } : { dim_value: size }));
  return { name, type: { tensor_type: { elem_type: dtype, shape: { dim } } } };
}

/**
 * A noise predictor with inputs `sample` [batch,4,8,8], `timestep` [steps] (int64) and `encoder_hidden_states` [batch,5,6], around
 * the given nodes. `time` [1,4,1,1] and `context` [batch,4,1,1] are there to be read; the output is `out_sample`.
 */
export function predictor(nodes: NodeProto[], weights: TensorProto[] = [], side = 8): ModelProto {
  const embeddings = [
    node('Cast', ['timestep'], ['time_float'], { to: FLOAT }),
    node('Mul', ['time_float', 'time_scale'], ['time_scaled']),
    node('Sin', ['time_scaled'], ['time_sin']),
    node('Unsqueeze', ['time_sin', 'axes_1'], ['time_column']),
    node('MatMul', ['time_column', 'time_weight'], ['time_row']),
    node('Unsqueeze', ['time_row', 'axes_23'], ['time']),
    node('ReduceMean', ['encoder_hidden_states'], ['context_mean'], { axes: [1], keepdims: 0 }),
    node('Gemm', ['context_mean', 'context_weight', 'context_bias'], ['context_row']),
    node('Unsqueeze', ['context_row', 'axes_23'], ['context']),
  ];
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'test',
    graph: {
      name: 'predictor',
      node: [...embeddings, ...nodes],
      initializer: [
        scalar('time_scale', 0.01),
        integers('axes_1', [1]),
        integers('axes_23', [2, 3]),
        weight('time_weight', [1, 4]),
        weight('context_weight', [6, 4]),
        weight('context_bias', [4]),
        ...weights,
      ],
      input: [
        value('sample', ['batch', 4, side, side]),
        value('timestep', ['steps'], INT64),
        value('encoder_hidden_states', ['batch', 5, 6]),
      ],
      output: [value('out_sample', ['batch', 4, side, side])],
    },
  };
}

/** Moves every `raw_data` weight into one file beside the model. */
export function moveWeightsOut(model: ModelProto, folder: string, location: string): void {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    const data = tensor.raw_data;
    if (!data) continue;
    chunks.push(data);
    delete tensor.raw_data;
    tensor.data_location = 1;
    tensor.external_data = Object.entries({ location, offset, length: data.length }).map(([key, text]) => ({
      key,
      value: String(text),
    }));
    offset += data.length;
  }
  mkdirSync(dirname(join(folder, location)), { recursive: true });
  writeFileSync(join(folder, location), Buffer.concat(chunks));
}

/** Writes a model as `model.onnx` and returns its path. */
export function writeModel(model: ModelProto, folder: string): string {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  return path;
}
