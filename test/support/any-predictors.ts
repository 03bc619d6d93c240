import type { ModelProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { integers, node, scalar, value, weight } from './onnx-builder.js';

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

/** Joint sound and video, as MM-Diffusion: two latents of other ranks, which read each other in every layer, with a prediction each. */
export function jointPredictor(): ModelProto {
  const nodes: NodeProto[] = [
    node('Mul', ['timestep', 'time_scale'], ['time_scaled']),
    node('Sin', ['time_scaled'], ['time']),
    node('Cast', ['audio_timestep'], ['audio_time_float'], { to: FLOAT }),
    node('Mul', ['audio_time_float', 'time_scale'], ['audio_time_scaled']),
    node('Cos', ['audio_time_scaled'], ['audio_time']),
    node('Add', ['video', 'time'], ['video_0']),
    node('Add', ['audio', 'audio_time'], ['audio_0']),
  ];
  const weights: TensorProto[] = [scalar('time_scale', 0.01)];
  for (const layer of [1, 2, 3]) {
    const [video, audio] = [`video_${layer - 1}`, `audio_${layer - 1}`];
    const [nextVideo, nextAudio] =
      layer === 3 ? ['video_noise', 'audio_noise'] : [`video_${layer}`, `audio_${layer}`];
    nodes.push(
      node('Conv', [video, `video_w${layer}`], [`video_conv${layer}`], { pads: [1, 1, 1, 1, 1, 1] }),
      node('Conv', [audio, `audio_w${layer}`], [`audio_conv${layer}`], { pads: [1, 1] }),
      node('ReduceMean', [audio], [`audio_mean${layer}`], { axes: [1, 2], keepdims: 0 }),
      node('ReduceMean', [video], [`video_mean${layer}`], { axes: [1, 2, 3, 4], keepdims: 0 }),
      node('Reshape', [`audio_mean${layer}`, 'as_video'], [`audio_told${layer}`]),
      node('Reshape', [`video_mean${layer}`, 'as_audio'], [`video_told${layer}`]),
      node('Add', [`video_conv${layer}`, `audio_told${layer}`], [`video_sum${layer}`]),
      node('Add', [`audio_conv${layer}`, `video_told${layer}`], [`audio_sum${layer}`]),
      node('Tanh', [`video_sum${layer}`], [`video_tanh${layer}`]),
      node('Tanh', [`audio_sum${layer}`], [`audio_tanh${layer}`]),
      node('Add', [`video_tanh${layer}`, video], [nextVideo]),
      node('Add', [`audio_tanh${layer}`, audio], [nextAudio]),
    );
    weights.push(weight(`video_w${layer}`, [4, 4, 3, 3, 3]), weight(`audio_w${layer}`, [4, 4, 3]));
  }
  weights.push(integers('as_video', [-1, 1, 1, 1, 1]), integers('as_audio', [-1, 1, 1]));
  return {
    ir_version: 8,
    opset_import: [{ domain: '', version: 17 }],
    producer_name: 'test',
    graph: {
      name: 'joint',
      node: nodes,
      initializer: weights,
      input: [
        value('video', ['batch', 4, 2, 4, 4]),
        value('audio', ['batch', 4, 16]),
        value('timestep', [], FLOAT),
        value('audio_timestep', [], FLOAT),
      ],
      output: [value('video_noise', ['batch', 4, 2, 4, 4]), value('audio_noise', ['batch', 4, 16])],
    },
  };
}
