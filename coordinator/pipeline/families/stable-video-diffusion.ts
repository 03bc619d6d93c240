import type { DecodedImage } from '../../../common/image/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { toRgb8 } from '../../../common/image/index.js';
import { elementCount, float32, type Tensor } from '../../../common/tensor/index.js';
import {
  configSize,
  decodeOne,
  encodeClipImage,
  encodePicture,
  fixedAxis,
  floatsOf,
  frameCount,
  guidedRows,
  latentChannels,
  mapFloats,
  type ModelFolder,
  needed,
  picturePlanes,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  rowOf,
  scaledNoise,
  scalingFactor,
  type SizeRule,
  sizeUnlessFixed,
  unetSizes,
  unitLatents,
  VAE_DECODER,
  vaeScaleFactor,
  zerosLike,
} from '../kit/index.js';

const SIZE = { height: 576, width: 1024 } as const;
const DEFAULTS = {
  numInferenceSteps: 25,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
} as const;
/** Input of the predictor that the picture's latents become. */
const IMAGE_INPUT = 'image_latents';

/** Stable Video Diffusion: a picture to a video; guidance grows from the first frame to the last. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'Stable Video Diffusion',
    classNames: ['StableVideoDiffusionPipeline'],
    predictor: 'unet',
    needsNoiseScale: true,
    needs: ['image_encoder', 'vae_encoder', 'vae_decoder'],
    needsPicture: true,
    takes: [
      'image',
      'latents',
      'numFrames',
      'fps',
      'motionBucketId',
      'noiseAugStrength',
      'minGuidanceScale',
      'maxGuidanceScale',
      'decodeChunkSize',
    ],
    defaults: () => ({
      numInferenceSteps: DEFAULTS.numInferenceSteps,
      guidanceScale: DEFAULTS.maxGuidanceScale,
    }),
    sizes,
    begin,
    finish: async (run, latents) => {
      const pictures: DecodedImage[] = [];
      for (let row = 0; row < (latents.dims[0] ?? 0); row += 1)
        pictures.push(...(await decodeFrames(run, rowOf(latents, row))));
      return { pictures, video: { frames: latents.dims[1] ?? 1, fps: run.call.fps ?? DEFAULTS.fps } };
    },
  },
];

function sizes(model: ModelFolder, partInfo: PipelineRun['partInfo']): SizeRule {
  const rule = unetSizes(model, partInfo);
  return sizeUnlessFixed(rule, SIZE);
}

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, width, height, numImages, model } = run;
  if (call.guidanceScale !== undefined)
    throw new AsyncDiffError('invalid_settings', 'Stable Video Diffusion takes no --guidance-scale', {
      hint: 'Its guidance grows from --min-guidance-scale to --max-guidance-scale.',
    });
  if (call.prompt !== '') run.warn('Stable Video Diffusion reads no prompt: it is left aside');
  const file = needed(call.image, 'image', 'this pipeline begins from a picture');
  const { motionBucketId, noiseAugStrength, minGuidanceScale, maxGuidanceScale, fps } = {
    motionBucketId: call.motionBucketId ?? DEFAULTS.motionBucketId,
    noiseAugStrength: call.noiseAugStrength ?? DEFAULTS.noiseAugStrength,
    minGuidanceScale: call.minGuidanceScale ?? DEFAULTS.minGuidanceScale,
    maxGuidanceScale: call.maxGuidanceScale ?? DEFAULTS.maxGuidanceScale,
    fps: call.fps ?? DEFAULTS.fps,
  };
  const isGuided = maxGuidanceScale > 1;
  const embeds = await encodeClipImage(run, file);
  const states = { ...embeds, dims: [1, 1, embeds.dims.at(-1) ?? 0] };
  const planes = await picturePlanes(file, width, height);
  const noise = floatsOf(run.noise.draw(planes.dims));
  const strength = Math.fround(noiseAugStrength);
  const noised = mapFloats(planes, (value, i) => value + Math.fround(strength * (noise[i] as number)));
  // The posterior's mode, not scaled.
  const { mean } = await encodePicture(run, noised);
  const { frames } = frameCount(run, 1, configSize(model.parts['unet'], 'num_frames', 25));
  const picture = repeatFrames(mean, frames);
  // The model was trained with one frame a second less.
  const ids = float32(Float32Array.of(fps - 1, motionBucketId, noiseAugStrength), [1, 3]);
  const sampler = run.sampler();
  const channels = latentChannels(model, run.partInfo);
  const scale = vaeScaleFactor(model, run.partInfo);
  const dims = [numImages, frames, channels, height / scale, width / scale];
  const halves = (unconditional: Tensor, conditional: Tensor): Tensor =>
    guidedRows(isGuided ? unconditional : undefined, conditional, numImages);
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: {
      encoder_hidden_states: halves(zerosLike(states), states),
      added_time_ids: halves(ids, ids),
      [IMAGE_INPUT]: halves(zerosLike(picture), picture),
    },
    guidance: isGuided ? { scale: minGuidanceScale, lastScale: maxGuidanceScale } : undefined,
    adaptation: { latentInput: 'sample', axis: 2, append: [{ name: IMAGE_INPUT, channels }] },
  };
}

/** [1, C, h, w] as [1, frames, C, h, w]. */
function repeatFrames(latents: Tensor, frames: number): Tensor {
  const one = floatsOf(latents);
  const all = new Float32Array(one.length * frames);
  for (let frame = 0; frame < frames; frame += 1) all.set(one, frame * one.length);
  return float32(all, [1, frames, ...latents.dims.slice(1)]);
}

/** A video's latents [1, frames, C, h, w] through the temporal decoder, so many frames at a time. */
async function decodeFrames(run: PipelineRun, latents: Tensor): Promise<DecodedImage[]> {
  const [, frames = 1, ...rest] = latents.dims;
  const scale = Math.fround(scalingFactor(run.model));
  const values = floatsOf(mapFloats(latents, (value) => value / scale));
  const fixed = fixedAxis(run.partInfo(VAE_DECODER)?.inputs[0], 0);
  const chunk = fixed ?? run.call.decodeChunkSize ?? frames;
  if (frames % chunk !== 0 && fixed !== undefined)
    throw new AsyncDiffError(
      'model_unsupported',
      `the VAE decoder takes ${chunk} frames at a time, which ${frames} are no multiple of`,
    );
  const size = elementCount(rest);
  const pictures: DecodedImage[] = [];
  for (let first = 0; first < frames; first += chunk) {
    const count = Math.min(chunk, frames - first);
    const part = float32(values.slice(first * size, (first + count) * size), [count, ...rest]);
    const numFrames = { dtype: 'int64', dims: [], data: BigInt64Array.of(BigInt(count)) } as const;
    const planes = await decodeOne(run, part, { num_frames: numFrames });
    const [, , height = 0, width = 0] = planes.dims;
    for (let i = 0; i < count; i += 1) pictures.push(toRgb8(floatsOf(rowOf(planes, i)), width, height));
  }
  return pictures;
}
