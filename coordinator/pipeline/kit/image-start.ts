import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import type { Sampler } from '../../../samplers/index.js';
import type { PipelineRun } from './description.js';
import { latentDims } from './latent-dims.js';
import { mapFloats, scaledNoise } from './latents.js';
import { configNumber, configNumbers } from './model-folder.js';
import { maskPlane, needed, picturePlanes, shrinkNearest } from './pictures.js';
import { concat, floatsOf, repeatRows } from './tensor-rows.js';
import { drawPosterior, encodePicture, scalingFactor } from './vae.js';
import { vaePart } from './vae-part.js';

/**
 * The call of the model at which image to image begins: the last `strength` of the steps are run. Raises `invalid_settings` where none is.
 * @param roundsUp a share of a step counts as one (pipelines of flow matching); else it is dropped
 */
export function beginIndex(sampler: Sampler, strength: number, roundsUp = false): number {
  const { numInferenceSteps: steps } = sampler;
  const share = Math.min(steps * strength, steps);
  const first = roundsUp ? Math.floor(steps - share) : steps - Math.floor(share);
  if (first < steps) return first * callsPerStep(sampler);
  throw new AsyncDiffError('invalid_settings', `strength ${strength} of ${steps} steps leaves none to run`, {
    hint: 'Raise --strength or --num-inference-steps.',
  });
}

/** Samplers that call the model twice a step, `order` 2 in diffusers; PNDM only begins with a call more. */
const TWO_CALLS: ReadonlySet<string> = new Set(['heun', 'kdpm2', 'kdpm2_a', 'dpmpp_sde', 'flow_match_heun']);

function callsPerStep({ name }: Sampler): number {
  return TWO_CALLS.has(name) ? 2 : 1;
}

/** A picture, planes [1, 3, height, width] in [-1, 1], to latents [1, channels, height / scale, width / scale] as the predictor has them. */
export type ToLatents = (run: PipelineRun, planes: Tensor) => Promise<Tensor>;

/** A picture as scaled latents: a draw of the VAE's posterior. */
export async function pictureLatents(run: PipelineRun, planes: Tensor): Promise<Tensor> {
  const posterior = await encodePicture(run, planes);
  return scaledLatents(
    run,
    drawPosterior(posterior, (dims) => run.noise.draw(dims)),
  );
}

/** A picture as scaled latents: the mode of the VAE's posterior. */
export async function pictureMode(run: PipelineRun, planes: Tensor): Promise<Tensor> {
  return scaledLatents(run, (await encodePicture(run, planes)).mean);
}

function scaledLatents({ model }: PipelineRun, drawn: Tensor): Tensor {
  const scale = Math.fround(scalingFactor(model));
  const shift = Math.fround(configNumber(vaePart(model), 'shift_factor', 0));
  const means = configNumbers(vaePart(model), 'latents_mean');
  const deviations = configNumbers(vaePart(model), 'latents_std');
  if (means === undefined || deviations === undefined)
    return mapFloats(drawn, (value) => scale * Math.fround(value - shift));
  const inner = drawn.data.length / (drawn.dims[1] ?? 1);
  return mapFloats(drawn, (value, i) => {
    const channel = Math.floor(i / inner);
    const centred = Math.fround(Math.fround(value - Math.fround(means[channel] as number)) * scale);
    return centred / Math.fround(deviations[channel] as number);
  });
}

/** Latents of image to image: the picture's, with noise at the level of the sampler's first call. */
export async function noisedPicture(
  run: PipelineRun,
  sampler: Sampler,
  toLatents: ToLatents = pictureLatents,
): Promise<Tensor> {
  const file = needed(run.call.image, 'image', 'this pipeline begins from a picture');
  const planes = await picturePlanes(file, run.width, run.height);
  const original = repeatRows(await toLatents(run, planes), run.numImages);
  const noise = run.noise.draw(original.dims);
  return float32(sampler.addNoise(floatsOf(original), floatsOf(noise), 0), original.dims);
}

/** What inpainting begins with. */
export interface InpaintStart {
  readonly latents: Tensor;
  /** [images, 1, height / scale, width / scale]: 1 where the picture is drawn anew. */
  readonly mask: Tensor;
  /** The picture without what the mask covers, [images, channels, ...]: for predictors that read it beside the latents. */
  readonly maskedPicture: Tensor | undefined;
  /** The picture and the noise, for predictors that do not: what is kept is put back after every step. */
  readonly kept: { readonly original: Tensor; readonly noise: Tensor } | undefined;
}

/**
 * The inputs of inpainting, drawn in diffusers' order: the picture's posterior (where it is needed), noise, the masked picture's posterior.
 * @param readsMask whether the predictor takes mask and masked picture on further channels (9 of Stable Diffusion's)
 */
export async function inpaintStart(
  run: PipelineRun,
  sampler: Sampler,
  strength: number,
  readsMask: boolean,
  toLatents: ToLatents = pictureLatents,
): Promise<InpaintStart> {
  const { call, width, height, numImages } = run;
  const planes = await picturePlanes(
    needed(call.image, 'image', 'there is nothing to fill in'),
    width,
    height,
  );
  const mask = await maskPlane(
    needed(call.maskImage, 'mask-image', 'it says what to draw anew'),
    width,
    height,
  );
  const dims = latentDims(run);
  const isPureNoise = strength === 1;
  const needsOriginal = !readsMask || (call.latents === undefined && !isPureNoise);
  const original = needsOriginal ? repeatRows(await toLatents(run, planes), numImages) : undefined;
  const noise = call.latents ?? run.noise.draw(dims);
  const latents =
    call.latents !== undefined || isPureNoise || original === undefined
      ? scaledNoise(noise, sampler)
      : float32(sampler.addNoise(floatsOf(original), floatsOf(noise), 0), dims);
  // Drawn even where the predictor does not read it: the noise that follows depends on it.
  const maskedPicture = repeatRows(await toLatents(run, withoutMasked(planes, mask)), numImages);
  const [, , latentHeight = 0, latentWidth = 0] = dims;
  return {
    latents,
    mask: repeatRows(shrinkNearest(mask, latentHeight, latentWidth), numImages),
    maskedPicture: readsMask ? maskedPicture : undefined,
    kept: readsMask || original === undefined ? undefined : { original, noise },
  };
}

/** Planes [1, 3, height, width] that are grey where the mask is 1. */
export function withoutMasked(planes: Tensor, mask: Tensor): Tensor {
  const pixels = mask.data.length;
  return mapFloats(planes, (value, i) => value * (mask.data[i % pixels] === 1 ? 0 : 1));
}

/** Mask and masked picture on channels, for the halves of guidance: [halves * images, 1 + channels, ...]. */
export function maskChannels({ mask, maskedPicture }: InpaintStart, halves: number): Tensor {
  const rows = maskedPicture === undefined ? mask : concat([mask, maskedPicture], 1);
  return concat(
    Array.from({ length: halves }, () => rows),
    0,
  );
}
