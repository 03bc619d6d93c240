import { AsyncDiffError } from '../../../common/errors/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import { keepRegion, type Sampler } from '../../../samplers/index.js';
import type { PipelineRun, PredictorJob } from './description.js';
import { beginIndex, inpaintStart, noisedPicture, type ToLatents } from './image-start.js';
import { latentDims } from './latent-dims.js';
import { scaledNoise, unitLatents } from './latents.js';
import { packPatches } from './packing.js';
import { concat, floatsOf } from './tensor-rows.js';

export interface PackedStartOptions {
  /** Tokens of a picture: its latents in patches of 2x2. */
  readonly tokens: number;
  /** Where the call has none. */
  readonly strength: number;
  /** Arguments of set_timesteps() besides the number of steps. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How a given picture becomes latents; with scaling and shift factor of the VAE unless set. */
  readonly toLatents?: ToLatents | undefined;
}

type Start = Pick<PredictorJob, 'sampler' | 'latents'>;

/**
 * Sampler and latents of a pipeline on tokens of 2x2 patches: noise, a noised picture (`image`), or a picture of which a part is drawn anew
 * (`maskImage`). Given `latents` are packed.
 */
export async function packedStart(run: PipelineRun, form: PackedStartOptions): Promise<Start> {
  const { call } = run;
  const { tokens, options, toLatents } = form;
  const whole = run.sampler(undefined, options);
  const hasPicture = call.image !== undefined || call.maskImage !== undefined;
  const strength = call.strength ?? form.strength;
  const sampler = hasPicture
    ? run.sampler(undefined, { ...options, begin_index: beginIndex(whole, strength, true) })
    : whole;
  if (call.maskImage !== undefined) return await inpaint(run, sampler, strength, toLatents);
  const dims = latentDims(run);
  if (call.latents !== undefined)
    return { sampler, latents: unitLatents(run, [run.numImages, tokens, (dims[1] ?? 1) * 4]) };
  if (hasPicture) return { sampler, latents: packPatches(await noisedPicture(run, sampler, toLatents)) };
  return { sampler, latents: scaledNoise(packPatches(unitLatents(run, dims)), sampler) };
}

/** From a picture of which a part is drawn anew: what the mask keeps is put back after every step, token by token. */
async function inpaint(
  run: PipelineRun,
  sampler: Sampler,
  strength: number,
  toLatents: ToLatents | undefined,
): Promise<Start> {
  const { latents, mask, kept } = await inpaintStart(run, sampler, strength, false, toLatents);
  if (kept === undefined) throw new AsyncDiffError('internal', 'inpainting without the picture');
  const channels = Array.from({ length: latents.dims[1] ?? 1 }, () => mask);
  const packed = (tensor: Tensor): Float32Array => floatsOf(packPatches(tensor));
  const region = {
    mask: packed(concat(channels, 1)),
    original: packed(kept.original),
    noise: packed(kept.noise),
  };
  return { sampler: keepRegion(sampler, region), latents: packPatches(latents) };
}
