import { attention, binary, groupNorm, layerNorm, linear, memory, pointwise } from './kernels.js';
import { type BlockContext, dimsOf, type Feature, size } from './unet-blocks.js';

interface TransformerShape {
  readonly layers: number;
  readonly heads: number;
}

/** `Transformer2DModel`: proj_in, `layers` of `BasicTransformerBlock`, proj_out and the residual. */
export function transformer(
  context: BlockContext,
  name: string,
  input: Feature,
  { layers, heads }: TransformerShape,
): Feature {
  const { builder } = context;
  const { batch, channels } = input;
  const elements = size(input);
  const rows = batch * input.height * input.width;
  const projection = linear({ rows, inFeatures: channels, outFeatures: channels });
  let hidden = builder.node(`${name}.proj_in`, {
    opType: 'GroupNormLinear',
    inputs: [input.value],
    dims: [batch, input.height * input.width, channels],
    params: 2 * channels + channels * channels + channels,
    kernels: [groupNorm(elements), memory(2 * elements), projection],
  });
  for (let layer = 0; layer < layers; layer++) {
    hidden = transformerBlock(context, `${name}.blocks.${layer}`, { value: hidden, input, heads });
  }
  builder.node(name, {
    opType: 'LinearAdd',
    inputs: [hidden, input.value],
    dims: dimsOf(input),
    params: channels * channels + channels,
    kernels: [projection, memory(2 * elements), binary(elements)],
  });
  return { ...input, value: name };
}

interface BlockInput {
  /** Hidden states [batch, tokens, channels]. */
  readonly value: string;
  readonly input: Feature;
  readonly heads: number;
}

/** `BasicTransformerBlock`: self-attention, cross-attention and the GEGLU feed-forward, each with its norm and residual. */
function transformerBlock(context: BlockContext, name: string, { value, input, heads }: BlockInput): string {
  const { builder, conditioning } = context;
  if (conditioning === undefined) throw new Error('architecture: a transformer block needs conditioning');
  const { batch, channels } = input;
  const tokens = input.height * input.width;
  const rows = batch * tokens;
  const elements = rows * channels;
  const dims = [batch, tokens, channels];
  const headDim = channels / heads;
  const square = linear({ rows, inFeatures: channels, outFeatures: channels });
  const output = (attended: string, residual: string, attn: string): string =>
    builder.node(`${name}.${attn}`, {
      opType: 'LinearAdd',
      inputs: [attended, residual],
      dims,
      params: channels * channels + channels,
      kernels: [square, binary(elements)],
    });

  const qkv = builder.node(`${name}.attn1.qkv`, {
    opType: 'LayerNormLinear',
    inputs: [value],
    dims: [batch, tokens, 3 * channels],
    params: 2 * channels + 3 * channels * channels,
    kernels: [layerNorm(elements), square, square, square],
  });
  const self = builder.node(`${name}.attn1.sdpa`, {
    opType: 'Attention',
    inputs: [qkv],
    dims,
    kernels: [attention({ batch, heads, headDim, queries: tokens, keys: tokens })],
  });
  const afterSelf = output(self, value, 'attn1');

  const q = builder.node(`${name}.attn2.q`, {
    opType: 'LayerNormLinear',
    inputs: [afterSelf],
    dims,
    params: 2 * channels + channels * channels,
    kernels: [layerNorm(elements), square],
  });
  const [k, v] = ['k', 'v'].map((letter) =>
    builder.node(`${name}.attn2.${letter}`, {
      opType: 'Linear',
      inputs: [conditioning.value],
      dims: [batch, conditioning.tokens, channels],
      params: conditioning.width * channels,
      kernels: [
        linear({ rows: batch * conditioning.tokens, inFeatures: conditioning.width, outFeatures: channels }),
      ],
    }),
  ) as [string, string];
  const cross = builder.node(`${name}.attn2.sdpa`, {
    opType: 'Attention',
    inputs: [q, k, v],
    dims,
    kernels: [attention({ batch, heads, headDim, queries: tokens, keys: conditioning.tokens })],
  });
  const afterCross = output(cross, afterSelf, 'attn2');

  return builder.node(`${name}.ff`, {
    opType: 'FeedForwardAdd',
    inputs: [afterCross],
    dims,
    params: 2 * channels + (channels + 1) * 8 * channels + (4 * channels + 1) * channels,
    kernels: [
      layerNorm(elements),
      linear({ rows, inFeatures: channels, outFeatures: 8 * channels }),
      pointwise(4 * elements),
      binary(4 * elements),
      linear({ rows, inFeatures: 4 * channels, outFeatures: channels }),
      binary(elements),
    ],
  });
}
