import { GraphBuilder } from './graph-builder.js';
import { groupNorm, type Kernel, linear, attention, memory, pointwise } from './kernels.js';
import { type BlockContext, convKernels, type Feature, resnet, upsample } from './unet-blocks.js';

/** Decoder channels of the `AutoencoderKL` of SD 1.x, 2.x and SDXL, from the latents' side. */
const DECODER_CHANNELS = [512, 512, 256, 128];
const DECODER_LAYERS = 3;

/**
 * Kernels of one decode of one image of `height` x `width` pixels by the VAE that SD 1.5, 2.1 and SDXL share. It is
 * here only to be taken off a published whole-pipeline time.
 */
export function vaeDecoderKernels(height: number, width: number): Kernel[] {
  const builder = new GraphBuilder();
  const context: BlockContext = { builder };
  const latents: Feature = { value: 'latents', batch: 1, channels: 4, height: height / 8, width: width / 8 };
  builder.input('latents', 'float16', [1, 4, latents.height, latents.width]);
  const kernels: Kernel[] = [...convKernels(latents, 4, 1), ...convKernels(latents, 512, 3)];
  const first: Feature = { ...latents, channels: 512 };
  let hidden = resnet(context, 'mid.0', first, 512);
  hidden = resnet(context, 'mid.1', hidden, 512);
  kernels.push(...attentionKernels(hidden));
  DECODER_CHANNELS.forEach((channels, block) => {
    for (let layer = 0; layer < DECODER_LAYERS; layer++) {
      hidden = resnet(context, `up.${block}.${layer}`, hidden, channels);
    }
    if (block < DECODER_CHANNELS.length - 1) hidden = upsample(context, `up.${block}.upsample`, hidden);
  });
  const elements = hidden.channels * hidden.height * hidden.width;
  kernels.push(groupNorm(elements), pointwise(elements), ...convKernels(hidden, 3, 3));
  return [...kernels, ...builder.build().nodes.flatMap((node) => node.kernels)];
}

/** The decoder's one attention: a single head over all latent pixels. */
function attentionKernels({ height, width, channels }: Feature): Kernel[] {
  const tokens = height * width;
  const square = linear({ rows: tokens, inFeatures: channels, outFeatures: channels });
  const sdpa = attention({ batch: 1, heads: 1, headDim: channels, queries: tokens, keys: tokens });
  return [groupNorm(tokens * channels), square, square, square, sdpa, square, memory(3 * tokens * channels)];
}

/** Kernels of a text encoder on two prompts of 77 tokens: about 14 a layer, bound by the weights that they read. */
export function textEncoderKernels({ params, layers }: { params: number; layers: number }): Kernel[] {
  const rows = 2 * 77;
  const count = 14 * layers;
  return Array.from({ length: count }, () => ({
    kind: 'linear',
    flops: (2 * params * rows) / count,
    elements: params / count,
  }));
}
