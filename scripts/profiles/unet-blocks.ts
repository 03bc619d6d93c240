import type { GraphBuilder } from './graph-builder.js';
import { binary, conv, groupNorm, type Kernel, linear, memory, pointwise } from './kernels.js';

/** A feature map [batch, channels, height, width] in the making. */
export interface Feature {
  readonly value: string;
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** What every block of one U-Net shares. */
export interface BlockContext {
  readonly builder: GraphBuilder;
  /** Time embedding [batch, timeEmbedDim], and its width; undefined in a VAE, whose resnets take none. */
  readonly timeEmbedding?: { readonly value: string; readonly width: number };
  /** Conditioning [batch, tokens, width]; undefined in a VAE. */
  readonly conditioning?: { readonly value: string; readonly tokens: number; readonly width: number };
}

export function dimsOf({ batch, channels, height, width }: Feature): number[] {
  return [batch, channels, height, width];
}

/** Elements of a feature map. */
export function size({ batch, channels, height, width }: Feature): number {
  return batch * channels * height * width;
}

/** Parameters of a convolution with bias. */
export function convParams(inChannels: number, outChannels: number, kernelSize: number): number {
  return inChannels * outChannels * kernelSize * kernelSize + outChannels;
}

/** Kernels of a stride-1 convolution on a feature map. */
export function convKernels(input: Feature, outChannels: number, kernelSize: number): Kernel[] {
  const pixels = input.height * input.width;
  return conv({
    batch: input.batch,
    inChannels: input.channels,
    outChannels,
    kernelSize,
    inPixels: pixels,
    outPixels: pixels,
  });
}

/** `ResnetBlock2D`: norm, SiLU, conv1, + time embedding, norm, SiLU, conv2, + shortcut. Its value has the module's name. */
export function resnet(context: BlockContext, name: string, input: Feature, channels: number): Feature {
  const { builder, timeEmbedding } = context;
  const output: Feature = { ...input, channels, value: name };
  const dims = dimsOf(output);
  const normed = (feature: Feature): Kernel[] => [
    groupNorm(size(feature)),
    pointwise(size(feature)),
    ...convKernels(feature, channels, 3),
  ];
  let hidden = builder.node(`${name}.conv1`, {
    opType: 'GroupNormSiluConv',
    inputs: [input.value],
    dims,
    params: 2 * input.channels + convParams(input.channels, channels, 3),
    kernels: normed(input),
  });
  if (timeEmbedding !== undefined) {
    const projection = builder.node(`${name}.time_emb_proj`, {
      opType: 'SiluLinear',
      inputs: [timeEmbedding.value],
      dims: [input.batch, channels, 1, 1],
      params: (timeEmbedding.width + 1) * channels,
      kernels: [
        pointwise(input.batch * timeEmbedding.width),
        linear({ rows: input.batch, inFeatures: timeEmbedding.width, outFeatures: channels }),
      ],
    });
    hidden = builder.node(`${name}.add_time`, {
      opType: 'Add',
      inputs: [hidden, projection],
      dims,
      kernels: [pointwise(size(output))],
    });
  }
  hidden = builder.node(`${name}.conv2`, {
    opType: 'GroupNormSiluConv',
    inputs: [hidden],
    dims,
    params: 2 * channels + convParams(channels, channels, 3),
    kernels: normed(output),
  });
  let residual = input.value;
  if (input.channels !== channels) {
    residual = builder.node(`${name}.conv_shortcut`, {
      opType: 'Conv',
      inputs: [input.value],
      dims,
      params: convParams(input.channels, channels, 1),
      kernels: convKernels(input, channels, 1),
    });
  }
  // The second kernel is the division by `output_scale_factor`, which eager PyTorch runs although it is 1.
  builder.node(name, {
    opType: 'Add',
    inputs: [residual, hidden],
    dims,
    kernels: [binary(size(output)), pointwise(size(output))],
  });
  return output;
}

/** `Downsample2D`: a 3x3 convolution of stride 2. */
export function downsample({ builder }: BlockContext, name: string, input: Feature): Feature {
  const { batch, channels } = input;
  const output: Feature = { ...input, value: name, height: input.height / 2, width: input.width / 2 };
  builder.node(name, {
    opType: 'Conv',
    inputs: [input.value],
    dims: dimsOf(output),
    params: convParams(channels, channels, 3),
    kernels: conv({
      batch,
      inChannels: channels,
      outChannels: channels,
      kernelSize: 3,
      inPixels: input.height * input.width,
      outPixels: output.height * output.width,
    }),
  });
  return output;
}

/** `Upsample2D`: nearest neighbour to twice the size, then a 3x3 convolution. */
export function upsample({ builder }: BlockContext, name: string, input: Feature): Feature {
  const { channels } = input;
  const output: Feature = { ...input, value: name, height: input.height * 2, width: input.width * 2 };
  builder.node(name, {
    opType: 'ResizeConv',
    inputs: [input.value],
    dims: dimsOf(output),
    params: convParams(channels, channels, 3),
    kernels: [memory(size(input) + size(output)), ...convKernels(output, channels, 3)],
  });
  return output;
}

/** The concatenation of a skip connection along the channels. */
export function concat({ builder }: BlockContext, name: string, first: Feature, skip: Feature): Feature {
  const output: Feature = { ...first, value: name, channels: first.channels + skip.channels };
  builder.node(name, {
    opType: 'Concat',
    inputs: [first.value, skip.value],
    dims: dimsOf(output),
    kernels: [pointwise(size(output))],
  });
  return output;
}
