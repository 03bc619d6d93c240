import { type ArchitectureGraph, GraphBuilder } from './graph-builder.js';
import { groupNorm, linear, memory, pointwise } from './kernels.js';
import {
  type BlockContext,
  concat,
  convKernels,
  convParams,
  dimsOf,
  downsample,
  type Feature,
  resnet,
  upsample,
} from './unet-blocks.js';
import type { UnetConfig } from './unet-config.js';
import { transformer } from './unet-transformer.js';

/** Tokens of a CLIP prompt, padded as the pipelines do. */
const PROMPT_TOKENS = 77;

/** The VAE of these models halves the image three times. */
const VAE_FACTOR = 8;

interface UnetRequest {
  /** Batch of the predictor: 2 with classifier-free guidance. */
  readonly batch: number;
  /** Image size in pixels, a multiple of 8 times what the U-Net halves. */
  readonly height: number;
  readonly width: number;
}

/**
 * The nodes of a diffusers `UNet2DConditionModel` in the order in which it runs, with exact value shapes, skip
 * connections and parameter counts. A module's output has the module's name (`down_blocks.1.attentions.0`), so that a
 * cut can be named by it; transformer blocks are `blocks.<i>` for short. Pure: nothing but the configuration is needed.
 */
export function buildUnet(config: UnetConfig, { batch, height, width }: UnetRequest): ArchitectureGraph {
  const builder = new GraphBuilder();
  const sample: Feature = {
    value: 'sample',
    batch,
    channels: config.inChannels,
    height: height / VAE_FACTOR,
    width: width / VAE_FACTOR,
  };
  builder.input('sample', 'float16', dimsOf(sample));
  builder.input('timestep', 'int64', [1]);
  builder.input('encoder_hidden_states', 'float16', [batch, PROMPT_TOKENS, config.crossAttentionDim]);
  const context: BlockContext = {
    builder,
    timeEmbedding: timeEmbedding(builder, config, batch),
    conditioning: {
      value: 'encoder_hidden_states',
      tokens: PROMPT_TOKENS,
      width: config.crossAttentionDim,
    },
  };

  const first = config.blockOutChannels[0] ?? 0;
  const hidden: Feature = { ...sample, channels: first, value: 'conv_in' };
  builder.node('conv_in', {
    opType: 'Conv',
    inputs: ['sample'],
    dims: dimsOf(hidden),
    params: convParams(config.inChannels, first, 3),
    kernels: convKernels(sample, first, 3),
  });
  const skips = [hidden];
  const down = downBlocks(context, config, hidden, skips);
  const up = upBlocks(context, config, midBlock(context, config, down), skips);

  const elements = up.batch * up.channels * up.height * up.width;
  builder.node('conv_norm_out', {
    opType: 'GroupNormSilu',
    inputs: [up.value],
    dims: dimsOf(up),
    params: 2 * up.channels,
    kernels: [groupNorm(elements), pointwise(elements)],
  });
  builder.node('out_sample', {
    opType: 'Conv',
    inputs: ['conv_norm_out'],
    dims: dimsOf({ ...up, channels: config.outChannels }),
    params: convParams(up.channels, config.outChannels, 3),
    kernels: convKernels(up, config.outChannels, 3),
  });
  return builder.build();
}

/** `time_proj`, `time_embedding` and, for SDXL, `add_embedding`: nodes that depend on timestep and conditioning only. */
function timeEmbedding(
  builder: GraphBuilder,
  config: UnetConfig,
  batch: number,
): { value: string; width: number } {
  const first = config.blockOutChannels[0] ?? 0;
  const width = 4 * first;
  const dims = [batch, width];
  const mlp = (name: string, input: string, inFeatures: number): string =>
    builder.node(name, {
      opType: 'LinearSiluLinear',
      inputs: [input],
      dims,
      params: (inFeatures + 1) * width + (width + 1) * width,
      kernels: [
        linear({ rows: batch, inFeatures, outFeatures: width }),
        pointwise(batch * width),
        linear({ rows: batch, inFeatures: width, outFeatures: width }),
      ],
    });
  builder.node('time_proj', {
    opType: 'Sinusoid',
    inputs: ['timestep'],
    dims: [batch, first],
    kernels: [memory(2 * batch * first)],
  });
  const time = mlp('time_embedding', 'time_proj', first);
  if (config.additionEmbedding === undefined) return { value: time, width };

  const { textEmbedDim, timeEmbedDim } = config.additionEmbedding;
  const added = textEmbedDim + 6 * timeEmbedDim;
  builder.input('text_embeds', 'float16', [batch, textEmbedDim]);
  builder.input('time_ids', 'float16', [batch, 6]);
  builder.node('add_time_proj', {
    opType: 'SinusoidConcat',
    inputs: ['text_embeds', 'time_ids'],
    dims: [batch, added],
    kernels: [memory(2 * batch * added), memory(2 * batch * added)],
  });
  const addition = mlp('add_embedding', 'add_time_proj', added);
  const value = builder.node('emb', {
    opType: 'Add',
    inputs: [time, addition],
    dims,
    kernels: [pointwise(batch * width)],
  });
  return { value, width };
}

function downBlocks(context: BlockContext, config: UnetConfig, input: Feature, skips: Feature[]): Feature {
  let hidden = input;
  config.blockOutChannels.forEach((channels, block) => {
    const name = `down_blocks.${block}`;
    const layers = config.transformerLayers[block] ?? 0;
    for (let layer = 0; layer < config.layersPerBlock; layer++) {
      hidden = resnet(context, `${name}.resnets.${layer}`, hidden, channels);
      if (layers > 0) {
        const heads = config.heads[block] ?? 1;
        hidden = transformer(context, `${name}.attentions.${layer}`, hidden, { layers, heads });
      }
      skips.push(hidden);
    }
    if (block < config.blockOutChannels.length - 1) {
      hidden = downsample(context, `${name}.downsamplers.0`, hidden);
      skips.push(hidden);
    }
  });
  return hidden;
}

function midBlock(context: BlockContext, config: UnetConfig, input: Feature): Feature {
  const shape = { layers: config.midTransformerLayers, heads: config.heads.at(-1) ?? 1 };
  const first = resnet(context, 'mid_block.resnets.0', input, input.channels);
  const attended = transformer(context, 'mid_block.attentions.0', first, shape);
  return resnet(context, 'mid_block.resnets.1', attended, input.channels);
}

function upBlocks(context: BlockContext, config: UnetConfig, input: Feature, skips: Feature[]): Feature {
  let hidden = input;
  const last = config.blockOutChannels.length - 1;
  for (let block = 0; block <= last; block++) {
    const mirror = last - block;
    const name = `up_blocks.${block}`;
    const channels = config.blockOutChannels[mirror] ?? 0;
    const layers = config.transformerLayers[mirror] ?? 0;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      const skip = skips.pop();
      if (skip === undefined) throw new Error('architecture: more up layers than skip connections');
      const joined = concat(context, `${name}.resnets.${layer}.concat`, hidden, skip);
      hidden = resnet(context, `${name}.resnets.${layer}`, joined, channels);
      if (layers > 0) {
        const heads = config.heads[mirror] ?? 1;
        hidden = transformer(context, `${name}.attentions.${layer}`, hidden, { layers, heads });
      }
    }
    if (block < last) hidden = upsample(context, `${name}.upsamplers.0`, hidden);
  }
  return hidden;
}
