import { AsyncDiffError } from '../../../common/errors/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { createSampler, parseSchedulerConfig } from '../../../samplers/index.js';
import {
  clipEmbeds,
  concat,
  defaultsOr,
  finishPictures,
  fixedLatentSize,
  floatsOf,
  guidanceAbove1,
  latentChannels,
  type ModelFolder,
  needed,
  picturePlanes,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  scaledNoise,
  type SizeRule,
  unetSizes,
  unitLatents,
  vaeScaleFactor,
} from '../kit/index.js';

const NOISE_LEVEL = 20;
const CHANNELS = 3;
/** Input of the predictor that the small picture becomes. */
const IMAGE_INPUT = 'low_res_image';
/** The second scheduler of the folder, which makes the small picture noisy. */
const LOW_RES = 'low_res_scheduler';
/** DDPMScheduler's default, and that of every upscaler there is. */
const TRAIN_TIMESTEPS = 1000;

/** Stable Diffusion's x4 upscaler: latents have the size of the given picture, which the predictor reads beside them. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Diffusion x4 upscaler',
    classNames: ['StableDiffusionUpscalePipeline'],
    predictor: 'unet',
    needsNoiseScale: true,
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    needsPicture: true,
    takes: [
      'image',
      'noiseLevel',
      'promptEmbeds',
      'negativePromptEmbeds',
      'clipSkip',
      'promptWeighting',
      'latents',
    ],
    defaults: defaultsOr({ numInferenceSteps: 75, guidanceScale: 9 }),
    sizes,
    sizedBy: ({ image }) => image,
    begin,
    finish: finishPictures,
  },
];

/** Sizes of the small picture: what is drawn is four times as wide and high. */
function sizes(model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule {
  const scale = vaeScaleFactor(model, partInfo);
  const { height, width, multipleOf } = unetSizes(model, partInfo);
  return {
    height: height / scale,
    width: width / scale,
    multipleOf: multipleOf / scale,
    fixed: fixedLatentSize(partInfo, 'unet') !== undefined,
  };
}

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, width, height, numImages, model } = run;
  const guidance = guidanceAbove1(run);
  const halves = guidance === undefined ? 1 : 2;
  const embeds = await clipEmbeds(run, guidance !== undefined);
  const file = needed(call.image, 'image', 'there is nothing to make larger');
  const level = call.noiseLevel ?? NOISE_LEVEL;
  const picture = noisy(run, await picturePlanes(file, width, height), level);
  const rows = numImages * halves;
  const all = concat(
    Array.from({ length: rows }, () => picture),
    0,
  );
  const sampler = run.sampler();
  const dims = [numImages, latentChannels(model, run.partInfo), height, width];
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: {
      encoder_hidden_states: embeds,
      class_labels: { dtype: 'int64', dims: [rows], data: new BigInt64Array(rows).fill(BigInt(level)) },
      [IMAGE_INPUT]: all,
    },
    guidance,
    adaptation: { latentInput: 'sample', append: [{ name: IMAGE_INPUT, channels: CHANNELS }] },
  };
}

/** The picture with the noise of a level (a timestep of the second scheduler). */
function noisy(run: PipelineRun, planes: Tensor, level: number): Tensor {
  const text = run.model.otherSchedulers[LOW_RES];
  if (text === undefined)
    throw new AsyncDiffError('model_not_found', `${run.model.path} has no ${LOW_RES}/scheduler_config.json`);
  const sampler = createSampler(parseSchedulerConfig(text), TRAIN_TIMESTEPS);
  const call = sampler.timesteps.indexOf(level);
  if (call < 0)
    throw new AsyncDiffError('invalid_settings', `noise_level is ${level}, there is no such timestep`, {
      hint: 'Ask for --noise-level from 0 to 350; 20 is the default.',
    });
  const noise = run.noise.draw(planes.dims);
  return float32(sampler.addNoise(floatsOf(planes), floatsOf(noise), call), planes.dims);
}
