import { type DecodedImage, toRgb8 } from '../../../common/image/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { checkLimit } from '../../../common/settings/index.js';
import { float32, formatDims, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { configSize } from './model-folder.js';
import { fixedAxis } from './parts.js';
import { floatsOf, rowOf } from './tensor-rows.js';
import { decodeOne } from './vae.js';
import { vaePart } from './vae-part.js';

/** Frames of the video for each frame of the latents but the first (AutoencoderKLWan and its like). */
export function temporalScale(run: PipelineRun): number {
  const vae = vaePart(run.model);
  const halvings = vae?.config['temperal_downsample'];
  const count = Array.isArray(halvings) ? halvings.filter((one) => one === true).length : 2;
  return configSize(vae, 'scale_factor_temporal', 2 ** count);
}

interface FrameCount {
  /** Of the video. */
  readonly frames: number;
  /** Of the latents. */
  readonly latentFrames: number;
}

/**
 * Frames of a call, asked for or default, where the predictor's file allows them.
 * @param axis of the frames in the predictor's latent input
 * @param scale frames of the video for each frame of the latents but the first; 1: there are as many
 * Raises `invalid_settings` for a number that the file does not take, naming the nearest, and `limit_exceeded`.
 */
export function frameCount(run: PipelineRun, axis: number, fallback: number, scale = 1): FrameCount {
  const { call, height, width, numImages } = run;
  const input = run.predictor.inputs.find(({ name }) => ['sample', 'hidden_states'].includes(name));
  const fixed = fixedAxis(input, axis);
  const ofLatents = (latentFrames: number): number => (latentFrames - 1) * scale + 1;
  const asked = call.numFrames ?? (fixed === undefined ? fallback : ofLatents(fixed));
  const latentFrames = Math.floor((asked - 1) / scale) + 1;
  const frames = ofLatents(latentFrames);
  if (fixed !== undefined && latentFrames !== fixed)
    throw new AsyncDiffError(
      'invalid_settings',
      `${asked} frames were asked for, and this model draws ${ofLatents(fixed)} only`,
      { hint: `Ask for --num-frames ${ofLatents(fixed)}, or leave it out.` },
    );
  if (frames !== asked)
    run.warn(`${asked} frames were asked for, ${frames} are drawn: a multiple of ${scale}, and one`);
  checkLimit('jobPixels', height * width * frames * numImages, 'height x width x frames of all videos');
  return { frames, latentFrames };
}

/** Planes [1, 3, frames, height, width] in [-1, 1] of what a video VAE's decoder takes, row by row of the batch, as pictures. */
export async function decodeVideos(run: PipelineRun, latents: Tensor): Promise<DecodedImage[]> {
  const pictures: DecodedImage[] = [];
  for (let row = 0; row < (latents.dims[0] ?? 0); row += 1)
    pictures.push(...framesOf(await decodeOne(run, rowOf(latents, row))));
  return pictures;
}

/** [1, 3, frames, height, width] as pictures. Raises `model_unsupported` for another shape. */
function framesOf(planes: Tensor): DecodedImage[] {
  const [, channels, frames = 0, height = 0, width = 0] = planes.dims;
  if (planes.dims.length !== 5 || channels !== 3)
    throw new AsyncDiffError(
      'model_unsupported',
      `the VAE decoder gave ${formatDims(planes.dims)}, no video`,
    );
  const pixels = height * width;
  const values = floatsOf(planes);
  return Array.from({ length: frames }, (_, frame) => {
    const picture = new Float32Array(3 * pixels);
    for (let channel = 0; channel < 3; channel += 1) {
      const start = (channel * frames + frame) * pixels;
      picture.set(values.subarray(start, start + pixels), channel * pixels);
    }
    return toRgb8(picture, width, height);
  });
}

/** Latents with the axes of frames and channels changed about: [B, a, b, ...] to [B, b, a, ...]. */
export function swapAxes(tensor: Tensor): Tensor {
  const [batch = 1, first = 1, second = 1, ...rest] = tensor.dims;
  const inner = rest.reduce((product, dim) => product * dim, 1);
  const from = floatsOf(tensor);
  const swapped = new Float32Array(from.length);
  for (let row = 0; row < batch; row += 1)
    for (let a = 0; a < first; a += 1)
      for (let b = 0; b < second; b += 1) {
        const source = ((row * first + a) * second + b) * inner;
        swapped.set(from.subarray(source, source + inner), ((row * second + b) * first + a) * inner);
      }
  return float32(swapped, [batch, second, first, ...rest]);
}
