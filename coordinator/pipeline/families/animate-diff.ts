import {
  clipEmbeds,
  defaultsOr,
  finishPictures,
  fixedAxis,
  frameCount,
  guidanceAbove1,
  latentChannels,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  scaledNoise,
  swapAxes,
  unetSizes,
  unitLatents,
  vaeScaleFactor,
} from '../kit/index.js';

const FRAMES = 16;
const FPS = 10;

/** AnimateDiff: Stable Diffusion's U-Net with motion modules, on [B, 4, frames, height/8, width/8]. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'AnimateDiff',
    classNames: ['AnimateDiffPipeline'],
    predictor: 'unet',
    needsNoiseScale: true,
    needs: ['text_encoder', 'tokenizer', 'vae_decoder'],
    takes: [
      'promptEmbeds',
      'negativePromptEmbeds',
      'clipSkip',
      'promptWeighting',
      'latents',
      'numFrames',
      'fps',
    ],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 7.5 }),
    sizes: unetSizes,
    begin,
    finish: async (run, latents) => {
      const frames = latents.dims[2] ?? 1;
      const { data, dims } = swapAxes(latents);
      const [batch = 1, , ...rest] = dims;
      const rows = { dtype: 'float32', dims: [batch * frames, ...rest], data } as const;
      const { pictures } = await finishPictures(run, rows);
      return { pictures, video: { frames, fps: run.call.fps ?? FPS } };
    },
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { height, width, numImages, model, partInfo, predictor } = run;
  const guidance = guidanceAbove1(run);
  const embeds = await clipEmbeds(run, guidance !== undefined);
  const { frames } = frameCount(run, 2, FRAMES);
  const scale = vaeScaleFactor(model, partInfo);
  const sampler = run.sampler();
  const dims = [numImages, latentChannels(model, partInfo), frames, height / scale, width / scale];
  // A row for each frame; older versions of the U-Net repeat them themselves.
  const rows = fixedAxis(
    predictor.inputs.find(({ name }) => name === 'encoder_hidden_states'),
    0,
  );
  return {
    sampler,
    latents: scaledNoise(unitLatents(run, dims), sampler),
    conditioning: { encoder_hidden_states: rows === embeds.dims[0] ? embeds : repeatRows(embeds, frames) },
    guidance,
  };
}
