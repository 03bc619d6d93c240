import { AsyncDiffError } from '../../../common/errors/index.js';
import { keepRegion, type Sampler, type SchedulerConfig } from '../../../samplers/index.js';
import type { PipelineRun, PredictorJob } from './description.js';
import { beginIndex, type InpaintStart, inpaintStart, maskChannels, noisedPicture } from './image-start.js';
import { latentDims } from './latent-dims.js';
import { scaledNoise, unitLatents } from './latents.js';
import { fixedAxis, type ValueInfo } from './parts.js';
import { concat, floatsOf } from './tensor-rows.js';
import { latentChannels } from './vae.js';

/** Name of the input that mask and masked picture become, beside the latents. */
const MASK_INPUT = 'mask_and_masked_image';

export interface StartOptions {
  /** What the pipeline's constructor does to the scheduler's config. */
  readonly change?: ((config: SchedulerConfig) => SchedulerConfig) | undefined;
  /** Where the call has none. */
  readonly strength: number;
  /** 2 with guidance. */
  readonly halves: number;
  /** How a share of a step counts that the strength leaves: see beginIndex. */
  readonly roundsStepsUp?: boolean | undefined;
  /** Arguments of set_timesteps() besides the number of steps. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Sampler and latents of a U-Net's pipeline: from noise, from a picture (`image`), or from a picture of which a part is drawn anew (`maskImage`),
 * with a predictor that reads the mask (its latent input has more channels than the latents) or one that does not.
 * Raises `invalid_settings` for arguments that are missing or too many.
 */
export async function startLatents(
  run: PipelineRun,
  { change, strength: fallback, halves, roundsStepsUp, options = {} }: StartOptions,
): Promise<Omit<PredictorJob, 'guidance'>> {
  const { call } = run;
  const readsMask = extraChannels(run) > 0;
  if (call.image === undefined && call.maskImage === undefined && !readsMask) {
    if (call.strength !== undefined) throw needsImage('--strength');
    const sampler = run.sampler(change, options);
    return { sampler, latents: scaledNoise(unitLatents(run, latentDims(run)), sampler), conditioning: {} };
  }
  const strength = call.strength ?? fallback;
  const whole = run.sampler(change, options);
  const sampler = run.sampler(change, {
    ...options,
    begin_index: beginIndex(whole, strength, roundsStepsUp),
  });
  if (call.maskImage === undefined && !readsMask)
    return { sampler, latents: await noisedPicture(run, sampler), conditioning: {} };
  const start = await inpaintStart(run, sampler, strength, readsMask);
  if (!readsMask) return { sampler: keeping(sampler, start), latents: start.latents, conditioning: {} };
  return {
    sampler,
    latents: start.latents,
    conditioning: { [MASK_INPUT]: maskChannels(start, halves) },
    adaptation: {
      latentInput: latentInput(run)?.name,
      append: [{ name: MASK_INPUT, channels: extraChannels(run) }],
    },
  };
}

/** Channels of the latent input beyond the latents' own. Raises `model_unsupported` where they are no mask and masked picture. */
function extraChannels(run: PipelineRun): number {
  const latents = latentChannels(run.model, run.partInfo);
  const { unet, transformer } = run.model.parts;
  const declared = (unet ?? transformer)?.config['in_channels'];
  const taken = fixedAxis(latentInput(run), 1) ?? (typeof declared === 'number' ? declared : latents);
  if (taken === latents) return 0;
  if (taken === 2 * latents + 1) return taken - latents;
  throw new AsyncDiffError(
    'model_unsupported',
    `the predictor takes ${taken} channels and the latents have ${latents}: neither a plain nor an inpainting model`,
  );
}

function latentInput({ predictor: { inputs } }: PipelineRun): ValueInfo | undefined {
  return inputs.find(({ name }) => name === 'sample' || name === 'hidden_states') ?? inputs[0];
}

function keeping(sampler: Sampler, { mask, kept, latents }: InpaintStart): Sampler {
  if (kept === undefined) return sampler;
  const channels = latents.dims[1] ?? 1;
  return keepRegion(sampler, {
    mask: floatsOf(
      concat(
        Array.from({ length: channels }, () => mask),
        1,
      ),
    ),
    original: floatsOf(kept.original),
    noise: floatsOf(kept.noise),
  });
}

function needsImage(flag: string): AsyncDiffError {
  return new AsyncDiffError(
    'invalid_settings',
    `${flag} says how much of a picture is drawn anew, and there is no --image`,
  );
}
