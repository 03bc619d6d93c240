import { AsyncDiffError } from '../../../common/errors/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { mapFloats, scaleChannels } from './latents.js';
import { configNumbers, type ModelFolder } from './model-folder.js';
import { drawPosterior, encodePicture } from './vae.js';
import { vaePart } from './vae-part.js';

/** AutoencoderKLWan's and AutoencoderKLQwenImage's defaults, 16 channels. */
const MEAN = [
  -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632,
  -0.1922, -0.9497, 0.2503, -0.2921,
];
const DEVIATION = [
  2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382,
  1.1253, 2.8251, 1.916,
];

/** Mean and standard deviation of each channel of a VAE's latents. Raises `model_invalid` where they are not as many as the channels. */
function channelSpread(
  model: ModelFolder,
  channels: number,
): { readonly mean: readonly number[]; readonly deviation: readonly number[] } {
  const vae = vaePart(model);
  const mean = configNumbers(vae, 'latents_mean') ?? MEAN;
  const deviation = configNumbers(vae, 'latents_std') ?? DEVIATION;
  if (mean.length === channels && deviation.length === channels) return { mean, deviation };
  throw new AsyncDiffError(
    'model_invalid',
    `${vae?.configName ?? 'the VAE'}: latents_mean and latents_std have ${mean.length} and ${deviation.length} values for ${channels} channels`,
  );
}

/** Latents of mean 0 and deviation 1 in each channel (axis 1) to what a VAE's decoder takes: x * std + mean. */
export function spreadLatents(model: ModelFolder, latents: Tensor): Tensor {
  const { mean, deviation } = channelSpread(model, latents.dims[1] ?? 0);
  // diffusers divides by 1 / std, both float32.
  return scaleChannels(
    latents,
    deviation.map((one) => 1 / Math.fround(1 / Math.fround(one))),
    mean,
  );
}

/** What a VAE's encoder says to latents of mean 0 and deviation 1 in each channel: (x - mean) * (1 / std). */
export function centreLatents(model: ModelFolder, latents: Tensor): Tensor {
  const [, channels = 1, ...rest] = latents.dims;
  const { mean, deviation } = channelSpread(model, channels);
  const inner = rest.reduce((product, dim) => product * dim, 1);
  return mapFloats(latents, (value, i) => {
    const channel = Math.floor(i / inner) % channels;
    const factor = Math.fround(1 / Math.fround(deviation[channel] as number));
    return Math.fround(value - Math.fround(mean[channel] as number)) * factor;
  });
}

/** A picture, planes [1, 3, height, width], as centred latents [1, channels, h, w] of a video VAE, which takes it as a video of one frame: a draw. */
export async function framePictureLatents(run: PipelineRun, planes: Tensor): Promise<Tensor> {
  const [batch = 1, colours = 3, ...size] = planes.dims;
  const posterior = await encodePicture(run, { ...planes, dims: [batch, colours, 1, ...size] });
  const drawn = drawPosterior(posterior, (dims) => run.noise.draw(dims));
  const { data, dims } = centreLatents(run.model, drawn);
  return { dtype: 'float32', data, dims: dims.filter((_, axis) => axis !== 2) };
}
