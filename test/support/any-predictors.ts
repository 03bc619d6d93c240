import type { ModelProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { node, scalar, value, weight } from './onnx-builder.js';

/** A small predictor of another kind than pictures have, with what a run of it takes. */
export interface AnyPredictor {
  readonly kind: string;
  readonly model: ModelProto;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Of the scheduler config. */
  readonly scheduler: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly timestepScale?: number;
  /** Values that end components when it is cut in three; the first alone cuts it in two. */
  readonly cuts: readonly [string, string];
}

interface Shape {
  /** Name of the latent input. */
  readonly latents: string;
  /** Without the batch. */
  readonly dims: readonly number[];
  readonly output: string;
  /** A second float input, added to the first layer's output. */
  readonly conditioning?: string;
}

const FLOAT = 1;
const DDIM = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  clip_sample: false,
  set_alpha_to_one: false,
};

/** Three residual layers on latents of any rank; `layer` makes the linear part of one. The timestep is a float. */
function residual(
  { latents, dims, output, conditioning }: Shape,
  layer: (from: string, to: string) => { readonly nodes: NodeProto[]; readonly weights: TensorProto[] },
): ModelProto {
  const nodes = [
    node('Mul', ['timestep', 'time_scale'], ['time_scaled']),
    node('Sin', ['time_scaled'], ['time']),
    node('Add', [latents, 'time'], ['timed']),
  ];
  const weights: TensorProto[] = [scalar('time_scale', 0.01)];
  let from = 'timed';
  if (conditioning !== undefined) {
    nodes.push(node('Add', ['timed', conditioning], ['conditioned']));
    from = 'conditioned';
  }
  for (const to of ['one', 'two', 'three']) {
    const made = layer(from, `${to}_linear`);
    nodes.push(...made.nodes, node('Tanh', [`${to}_linear`], [`${to}_tanh`]));
    nodes.push(node('Add', [`${to}_tanh`, from], [to === 'three' ? output : to]));
    weights.push(...made.weights);
    from = to;
  }
  const shape = ['batch', ...dims];
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'test',
    graph: {
      name: 'predictor',
      node: nodes,
      initializer: weights,
      input: [
        value(latents, shape),
        value('timestep', [], FLOAT),
        ...(conditioning === undefined ? [] : [value(conditioning, ['batch', ...dims.map(() => 1)])]),
      ],
      output: [value(output, shape)],
    },
  };
}

/** A layer that convolves over every axis behind the channels. */
function convolution(channels: number, axes: number) {
  return (from: string, to: string) => ({
    nodes: [node('Conv', [from, `${to}_w`], [to], { pads: Array.from({ length: 2 * axes }, () => 1) })],
    weights: [weight(`${to}_w`, [channels, channels, ...Array.from({ length: axes }, () => 3)])],
  });
}

/** A layer on the last axis. */
function linear(width: number) {
  return (from: string, to: string) => ({
    nodes: [node('MatMul', [from, `${to}_w`], [to])],
    weights: [weight(`${to}_w`, [width, width])],
  });
}

const noise = (seed: number, dims: readonly number[]): Tensor => new TorchGenerator(seed).randn([1, ...dims]);

/** One of each kind; made from names and shapes alone, so that it is the same everywhere. */
export function anyPredictors(): AnyPredictor[] {
  const cuts = ['one', 'two'] as const;
  return [
    {
      kind: 'sound, [batch, channels, length], a predictor of velocity',
      model: residual({ latents: 'sample', dims: [4, 32], output: 'out_sample' }, convolution(4, 1)),
      inputs: { sample: noise(1, [4, 32]) },
      scheduler: { ...DDIM, prediction_type: 'v_prediction' },
      steps: 8,
      cuts,
    },
    {
      kind: 'tokens, [batch, tokens, width], a transformer of flow that counts time from 0 to 1',
      model: residual({ latents: 'hidden_states', dims: [10, 16], output: 'noise_pred' }, linear(16)),
      inputs: { hidden_states: noise(2, [10, 16]) },
      scheduler: { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift: 3 },
      steps: 8,
      timestepScale: 0.001,
      cuts,
    },
    {
      kind: 'video, [batch, channels, frames, height, width], a predictor of noise',
      model: residual({ latents: 'latents', dims: [4, 3, 8, 8], output: 'out' }, convolution(4, 3)),
      inputs: { latents: noise(3, [4, 3, 8, 8]) },
      scheduler: { ...DDIM, prediction_type: 'epsilon' },
      steps: 8,
      cuts,
    },
    {
      kind: 'a time series, [batch, values], conditional, under a name of its own, a predictor of the clean sample',
      model: residual(
        { latents: 'series', dims: [24], output: 'forecast', conditioning: 'history' },
        linear(24),
      ),
      inputs: { series: noise(4, [24]), history: noise(5, [1]) },
      scheduler: { ...DDIM, prediction_type: 'sample' },
      steps: 8,
      cuts,
    },
    {
      kind: 'pictures, distilled to two steps',
      model: residual({ latents: 'sample', dims: [4, 8, 8], output: 'out_sample' }, convolution(4, 2)),
      inputs: { sample: noise(6, [4, 8, 8]) },
      scheduler: { ...DDIM, _class_name: 'LCMScheduler', prediction_type: 'epsilon' },
      steps: 2,
      cuts,
    },
  ];
}

/** Joint sound and video, two latents with a prediction each: refused. */
export function jointPredictor(): ModelProto {
  const streams = [
    ['video', [4, 2, 4, 4]],
    ['audio', [4, 16]],
  ] as const;
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'test',
    graph: {
      name: 'joint',
      node: streams.map(([name]) => node('Add', [name, 'timestep'], [`${name}_noise`])),
      initializer: [],
      input: [
        ...streams.map(([name, dims]) => value(name, ['batch', ...dims])),
        value('timestep', [], FLOAT),
      ],
      output: streams.map(([name, dims]) => value(`${name}_noise`, ['batch', ...dims])),
    },
  };
}
