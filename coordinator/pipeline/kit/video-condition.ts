import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { PipelineRun } from './description.js';
import { picturePlanes } from './pictures.js';
import { centreLatents } from './standard-latents.js';
import { concat, floatsOf } from './tensor-rows.js';
import { encodePicture, vaeScaleFactor } from './vae.js';
import { temporalScale } from './video.js';

interface GivenFrames {
  readonly image: Uint8Array;
  readonly lastImage: Uint8Array | undefined;
  /** Of the video. */
  readonly frames: number;
  readonly latentFrames: number;
}

/**
 * Which frames are given, and the latents of a video that is grey where none is: [1, frames of the video for each of the latents + channels, latent frames,
 * height / scale, width / scale], what Wan's transformers from a picture read beside the latents.
 */
export async function videoCondition(
  run: PipelineRun,
  { image, lastImage, frames, latentFrames }: GivenFrames,
): Promise<Tensor> {
  const { width, height, model } = run;
  const pixels = width * height;
  const video = new Float32Array(3 * frames * pixels);
  const put = async (file: Uint8Array, frame: number): Promise<void> => {
    const planes = floatsOf(await picturePlanes(file, width, height));
    for (let channel = 0; channel < 3; channel += 1)
      video.set(
        planes.subarray(channel * pixels, (channel + 1) * pixels),
        (channel * frames + frame) * pixels,
      );
  };
  await put(image, 0);
  if (lastImage !== undefined) await put(lastImage, frames - 1);
  // The posterior's mode.
  const { mean } = await encodePicture(run, float32(video, [1, 3, frames, height, width]));
  const scale = vaeScaleFactor(model, run.partInfo);
  const mask = frameMask(
    temporalScale(run),
    latentFrames,
    (height / scale) * (width / scale),
    lastImage !== undefined,
  );
  const dims = [1, temporalScale(run), latentFrames, height / scale, width / scale];
  return concat([float32(mask, dims), centreLatents(model, mean)], 1);
}

/** 1 for the given frames, [steps, latent frames, places]: the first frame counts as `steps` of them. */
function frameMask(steps: number, latentFrames: number, places: number, hasLast: boolean): Float32Array {
  const mask = new Float32Array(steps * latentFrames * places);
  for (let step = 0; step < steps; step += 1)
    mask.fill(1, step * latentFrames * places, (step * latentFrames + 1) * places);
  if (hasLast) mask.fill(1, mask.length - places);
  return mask;
}
