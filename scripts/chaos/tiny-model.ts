import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../common/model-file/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';

const FLOAT = 1;
const INT64 = 7;
const CHANNELS = 4;
const LAYERS = ['early', 'middle', 'late'];

function node(
  op: string,
  input: string[],
  output: string,
  attribute: NodeProto['attribute'] = [],
): NodeProto {
  return { name: `${op}/${output}`, op_type: op, input, output: [output], attribute };
}

function weight(name: string, dims: number[], seed: number): TensorProto {
  const { data } = new TorchGenerator(seed).randn(dims);
  const scaled = Float32Array.from(data as Float32Array, (value) => value * 0.05);
  return { name, dims, data_type: FLOAT, raw_data: new Uint8Array(scaled.buffer) };
}

function input(name: string, dims: (number | string)[], elementType = FLOAT) {
  const dim = dims.map((size) => (typeof size === 'string' ? { dim_param: size } : { dim_value: size }));
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } };
}

/**
 * A noise predictor of three convolutions with a skip connection, whose values `early`, `middle` and `late` may end components; latents
 * are [1, 4, size, size]. Milliseconds a run, and all that a plan of a large one has.
 */
export function tinyModel(): ModelProto {
  const pads = { name: 'pads', type: 7, ints: [1, 1, 1, 1] };
  const nodes = [
    node('Cast', ['timestep'], 'time_float', [{ name: 'to', type: 2, i: FLOAT }]),
    node('Mul', ['time_float', 'time_scale'], 'time_scaled'),
    node('Sin', ['time_scaled'], 'time'),
  ];
  let before = 'sample';
  for (const name of LAYERS) {
    nodes.push(
      node('Conv', [before, `${name}_w`], `${name}_conv`, [pads]),
      node('Add', [`${name}_conv`, 'time'], `${name}_time`),
      node('Tanh', [`${name}_time`], name),
    );
    before = name;
  }
  nodes.push(node('Add', ['late', 'early'], 'joined'));
  nodes.push(node('Conv', ['joined', 'out_w'], 'out_sample', [pads]));
  const dims = [CHANNELS, CHANNELS, 3, 3];
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'asyncdiff-chaos',
    graph: {
      name: 'predictor',
      node: nodes,
      initializer: [
        { name: 'time_scale', dims: [], data_type: FLOAT, float_data: [0.01] },
        ...[...LAYERS, 'out'].map((name, at) => weight(`${name}_w`, dims, at + 1)),
      ],
      input: [input('sample', ['batch', CHANNELS, 'height', 'width']), input('timestep', ['steps'], INT64)],
      output: [input('out_sample', ['batch', CHANNELS, 'height', 'width'])],
    },
  };
}

/** Writes {@link tinyModel}; the path of the ONNX file. */
export function writeTinyModel(folder: string): string {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(tinyModel()));
  return path;
}

/** Latents of step 0. */
export function tinyLatents(size: number): Tensor {
  return new TorchGenerator(size).randn([1, CHANNELS, size, size]);
}

/** A scheduler config with SD's noise schedule. */
export function tinyScheduler(className: string): string {
  return JSON.stringify({
    _class_name: className,
    num_train_timesteps: 1000,
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    prediction_type: 'epsilon',
    timestep_spacing: 'leading',
    steps_offset: 1,
    set_alpha_to_one: false,
    clip_sample: false,
  });
}
