import { float32, type Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  defaultsOr,
  finishPackedPictures,
  floatsOf,
  type FluxForm,
  fluxJob,
  type FluxStart,
  maskPlane,
  needed,
  packedStart,
  packPatches,
  pictureLatents,
  picturePlanes,
  type PipelineDescription,
  type PipelineRun,
  repeatRows,
  transformerSizes,
  vaeScaleFactor,
  withoutMasked,
} from '../kit/index.js';

/** Input of the predictor that the given picture becomes, beside the latents of each token. */
const BESIDE = 'given_tokens';
const TEXT_ARGUMENTS = [
  'prompt2',
  'promptEmbeds',
  'pooledPromptEmbeds',
  'maxSequenceLength',
  'latents',
] as const;

const shared = {
  predictor: 'transformer',
  needs: ['text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'vae_encoder', 'vae_decoder'],
  sizes: transformerSizes,
  finish: finishPackedPictures,
} as const;

/** FLUX.1 Fill, and FLUX.1 Depth and Canny: transformers that read a picture on further channels of each token. */
export const pipelines: readonly PipelineDescription[] = [
  {
    ...shared,
    name: 'FLUX.1 Fill',
    classNames: ['FluxFillPipeline'],
    needsPicture: true,
    takes: [...TEXT_ARGUMENTS, 'image', 'maskImage', 'strength'],
    defaults: defaultsOr({ numInferenceSteps: 50, guidanceScale: 30 }),
    begin: (run) => fluxJob(run, (form) => fill(run, form)),
  },
  {
    ...shared,
    name: 'FLUX.1 Depth and Canny',
    classNames: ['FluxControlPipeline'],
    takes: [...TEXT_ARGUMENTS, 'controlImage'],
    defaults: defaultsOr({ numInferenceSteps: 28, guidanceScale: 3.5 }),
    begin: (run) => fluxJob(run, (form) => control(run, form)),
  },
];

/** The picture without what is drawn anew, and which pixels that is. */
async function fill(run: PipelineRun, form: FluxForm): Promise<FluxStart> {
  const { call, width, height } = run;
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
  // The mask is an input: nothing is put back after a step.
  const start = await packedStart(
    { ...run, call: { ...call, maskImage: undefined } },
    { ...form, strength: 1 },
  );
  const masked = packPatches(await pictureLatents(run, withoutMasked(planes, mask)));
  return beside(
    run,
    start,
    concat([masked, packPatches(pixelsOf(mask, vaeScaleFactor(run.model, run.partInfo)))], 2),
  );
}

/** The control picture, through the VAE; noise is drawn after it. */
async function control(run: PipelineRun, form: FluxForm): Promise<FluxStart> {
  const file = needed(run.call.controlImage, 'control-image', 'this model reads one');
  const given = packPatches(await pictureLatents(run, await picturePlanes(file, run.width, run.height)));
  return beside(run, await packedStart(run, { ...form, strength: 1 }), given);
}

function beside(run: PipelineRun, start: Pick<FluxStart, 'sampler' | 'latents'>, given: Tensor): FluxStart {
  return {
    ...start,
    conditioning: { [BESIDE]: repeatRows(given, run.numImages) },
    adaptation: {
      latentInput: 'hidden_states',
      axis: 2,
      append: [{ name: BESIDE, channels: given.dims[2] ?? 0 }],
    },
  };
}

/** A mask of pixels [1, 1, height, width] as channels of the latents they belong to: [1, scale * scale, height / scale, width / scale]. */
function pixelsOf(mask: Tensor, scale: number): Tensor {
  const [, , height = 0, width = 0] = mask.dims;
  const [rows, columns] = [height / scale, width / scale];
  const from = floatsOf(mask);
  const values = new Float32Array(from.length);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const channel = (y % scale) * scale + (x % scale);
      values[(channel * rows + Math.floor(y / scale)) * columns + Math.floor(x / scale)] = from[
        y * width + x
      ] as number;
    }
  return float32(values, [1, scale * scale, rows, columns]);
}
