import { type DecodedImage, toRgb8 } from '../../../common/image/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, formatDims, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { mapFloats, scaleChannels } from './latents.js';
import { configNumber, configNumbers, configSize, type ModelFolder } from './model-folder.js';
import { fixedAxis } from './parts.js';
import { resizeAndCrop } from './resize-planes.js';
import { concat, floatsOf, rowOf } from './tensor-rows.js';
import { inTiles } from './tiles.js';
import { VAE_DECODER, VAE_ENCODER, vaePart } from './vae-part.js';
import { tileEdges } from './vae-tiling.js';

/** Blocks of a VAE whose config does not say them. */
const DEFAULT_BLOCKS = 4;

/** Pixels along one edge of a latent: what a file of fixed size shows, else diffusers' 2^(blocks - 1), or what a video VAE says. */
export function vaeScaleFactor(model: ModelFolder, partInfo: PipelineRun['partInfo']): number {
  const decoder = partInfo(VAE_DECODER);
  // The formula misses decoders that unshuffle pixels besides (the bundled one).
  const latent = fixedAxis(decoder?.inputs[0], -1);
  const pixels = fixedAxis(decoder?.outputs[0], -1);
  if (latent !== undefined && pixels !== undefined && (decoder?.inputs[0]?.dims.length ?? 0) >= 4)
    return pixels / latent;
  const vae = vaePart(model);
  const halvings = vae?.config['temperal_downsample'];
  if (Array.isArray(halvings)) return configSize(vae, 'scale_factor_spatial', 2 ** halvings.length);
  const blocks = vae?.config['block_out_channels'] ?? vae?.config['encoder_block_out_channels'];
  return 2 ** ((Array.isArray(blocks) && blocks.length > 0 ? blocks.length : DEFAULT_BLOCKS) - 1);
}

/** Channels of the latents. */
export function latentChannels(model: ModelFolder, partInfo: PipelineRun['partInfo']): number {
  return (
    fixedAxis(partInfo(VAE_DECODER)?.inputs[0], 1) ??
    configNumber(vaePart(model), 'latent_channels', configNumber(vaePart(model), 'z_dim', 4))
  );
}

/** Latents as the sampler leaves them to what the VAE's decoder takes: x / scaling_factor + shift_factor, as diffusers' pipelines write it. */
export function unscaleLatents(model: ModelFolder, latents: Tensor): Tensor {
  const scale = Math.fround(scalingFactor(model));
  const [means, deviations] = [
    configNumbers(vaePart(model), 'latents_mean'),
    configNumbers(vaePart(model), 'latents_std'),
  ];
  // SDXL's pipeline, for a VAE that says how its channels are spread.
  if (means !== undefined && deviations !== undefined)
    return scaleChannels(
      latents,
      deviations.map((deviation) => deviation / scale),
      means,
    );
  const shift = Math.fround(configNumber(vaePart(model), 'shift_factor', 0));
  return mapFloats(latents, (value) => (shift === 0 ? value / scale : Math.fround(value / scale) + shift));
}

/** 0.18215 is AutoencoderKL's default: older exports leave it out. Raises `model_invalid` where it is not above 0. */
export function scalingFactor(model: ModelFolder): number {
  const vae = vaePart(model);
  const factor = configNumber(vae, 'scaling_factor', 0.18215);
  if (factor > 0) return factor;
  throw new AsyncDiffError('model_invalid', `${vae?.configName ?? 'the VAE'}: scaling_factor is ${factor}`);
}

/**
 * What the decoder takes, [B, channels, height, width], to B pictures. Raises `invalid_input` for another shape, `not_finite` when latents
 * or pictures hold NaN.
 */
export async function decodePictures(run: PipelineRun, latents: Tensor): Promise<DecodedImage[]> {
  const channels = latentChannels(run.model, run.partInfo);
  if (latents.dtype !== 'float32' || latents.dims.length !== 4 || latents.dims[1] !== channels) {
    throw new AsyncDiffError(
      'invalid_input',
      `the VAE decoder takes float32 latents [B,${channels},H,W] and got ${latents.dtype} ${formatDims(latents.dims)}`,
    );
  }
  const pictures: DecodedImage[] = [];
  // One at a time: the decoder's activations are the largest of the whole pipeline.
  for (let row = 0; row < (latents.dims[0] ?? 0); row += 1) {
    const drawn = await decodeOne(run, rowOf(latents, row));
    const planes = run.outputSize === undefined ? drawn : resizeAndCrop(drawn, run.outputSize);
    const [, , height = 0, width = 0] = planes.dims;
    pictures.push(toRgb8(floatsOf(planes), width, height));
  }
  return pictures;
}

/** One row of what the decoder takes through it, and its other inputs where it has any: planes in [-1, 1] (or samples of a wave). */
export async function decodeOne(
  run: PipelineRun,
  latents: Tensor,
  others: Readonly<Record<string, Tensor>> = {},
): Promise<Tensor> {
  const info = run.partInfo(VAE_DECODER);
  const input = info?.inputs[0]?.name ?? 'latent_sample';
  const output =
    info?.outputs.find(({ name }) => name === 'sample')?.name ?? info?.outputs[0]?.name ?? 'sample';
  return await wholeOrInTiles(run, VAE_DECODER, latents, async (part) => {
    const { [output]: planes } = await run.runPart(VAE_DECODER, { ...others, [input]: part }, [output]);
    return planes as Tensor;
  });
}

async function wholeOrInTiles(
  run: PipelineRun,
  half: string,
  input: Tensor,
  compute: (part: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const edges = tileEdges(run, half, input.dims);
  return edges === undefined ? await compute(input) : await inTiles(input, edges, compute);
}

/** What a VAE's encoder says of a picture: a normal distribution of latents, unscaled. */
interface Posterior {
  readonly mean: Tensor;
  /** Undefined where the file gives a latent that it has drawn itself (older exports). */
  readonly deviation: Tensor | undefined;
}

/** A picture, planes [1, 3, height, width] in [-1, 1], through the VAE's encoder. */
export async function encodePicture(run: PipelineRun, planes: Tensor): Promise<Posterior> {
  const info = run.partInfo(VAE_ENCODER);
  const input = info?.inputs[0]?.name ?? 'sample';
  const output = info?.outputs[0]?.name ?? 'latent_parameters';
  const parameters = await wholeOrInTiles(run, VAE_ENCODER, planes, async (part) => {
    const { [output]: both } = await run.runPart(VAE_ENCODER, { [input]: part }, [output]);
    return both as Tensor;
  });
  const [batch = 1, channels = 0, ...rest] = parameters.dims;
  if (channels !== 2 * latentChannels(run.model, run.partInfo))
    return { mean: parameters, deviation: undefined };
  const dims = [batch, channels / 2, ...rest];
  const half = (at: 0 | 1): Tensor => {
    const rows = Array.from({ length: batch }, (_, row) => {
      const { data } = rowOf(parameters, row);
      const length = data.length / 2;
      return float32(data.slice(at * length, (at + 1) * length) as Float32Array, [1, ...dims.slice(1)]);
    });
    return concat(rows, 0);
  };
  // DiagonalGaussianDistribution: exp(0.5 * clamp(logvar, -30, 20)).
  const deviation = mapFloats(half(1), (value) =>
    Math.exp(Math.fround(0.5 * Math.min(20, Math.max(-30, value)))),
  );
  return { mean: half(0), deviation };
}

/** A draw from the posterior: mean + deviation * noise. */
export function drawPosterior(
  { mean, deviation }: Posterior,
  noise: (dims: readonly number[]) => Tensor,
): Tensor {
  if (deviation === undefined) return mean;
  const normal = floatsOf(noise(mean.dims));
  const spread = floatsOf(deviation);
  return mapFloats(mean, (value, i) => value + Math.fround((spread[i] as number) * (normal[i] as number)));
}
