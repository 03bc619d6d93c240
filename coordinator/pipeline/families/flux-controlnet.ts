import { AsyncDiffError } from '../../../common/errors/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import {
  concat,
  defaultsOr,
  finishPackedPictures,
  FLUX_ARGUMENTS,
  type FluxForm,
  fluxJob,
  needed,
  packedStart,
  packPatches,
  pictureLatents,
  picturePlanes,
  type PipelineDescription,
  type PipelineRun,
  type PredictorJob,
  repeatRows,
  rowOf,
  transformerSizes,
  withControl,
} from '../kit/index.js';

/** FLUX.1 with a ControlNet that reads the latents of a picture (InstantX's, Shakker's, the Union ones), from a text. */
export const pipelines: readonly PipelineDescription[] = [
  {
    name: 'FLUX.1 ControlNet',
    classNames: ['FluxControlNetPipeline'],
    predictor: 'transformer',
    needs: [
      'text_encoder',
      'text_encoder_2',
      'tokenizer',
      'tokenizer_2',
      'controlnet',
      'vae_encoder',
      'vae_decoder',
    ],
    takes: [
      ...FLUX_ARGUMENTS,
      'controlImage',
      'controlMode',
      'controlnetConditioningScale',
      'controlGuidanceStart',
      'controlGuidanceEnd',
    ],
    defaults: defaultsOr({ numInferenceSteps: 28, guidanceScale: 7 }),
    sizes: transformerSizes,
    begin,
    finish: finishPackedPictures,
  },
];

async function begin(run: PipelineRun): Promise<PredictorJob> {
  const { call, width, height, numImages } = run;
  const file = needed(call.controlImage, 'control-image', 'this model has a ControlNet');
  const modes = modeOf(run);
  let read: Tensor | undefined;
  // The picture's latents are drawn before the noise.
  const job = await fluxJob(run, async (form: FluxForm) => {
    read = packPatches(await pictureLatents(run, await picturePlanes(file, width, height)));
    return await packedStart(run, { ...form, strength: 1 });
  });
  const rows = numImages * (job.guidance === undefined ? 1 : 2);
  const { encoder_hidden_states: states, pooled_projections: pooled } = job.conditioning;
  return await withControl(run, job, {
    scale: 1,
    condition: read && repeatRows(read, rows),
    more: modes === undefined ? {} : { controlnet_mode: repeatRows(modes, rows) },
    // It reads the prompt for either half of guidance.
    own:
      job.guidance === undefined
        ? {}
        : {
            encoder_hidden_states: positiveTwice(states as Tensor),
            pooled_projections: positiveTwice(pooled as Tensor),
          },
  });
}

/** Which kind of picture is given, int64 [1, 1], where the ControlNet knows several. Raises `invalid_settings`, and `model_unsupported` for one that reads pixels. */
function modeOf(run: PipelineRun): Tensor | undefined {
  const inputs = run.partInfo('controlnet')?.inputs ?? [];
  if (inputs.find(({ name }) => name === 'controlnet_cond')?.dims.length === 4)
    throw new AsyncDiffError(
      'model_unsupported',
      'this ControlNet reads pixels (as those of XLabs do); one that reads latents is drawn with',
    );
  const { controlMode } = run.call;
  if (!inputs.some(({ name }) => name === 'controlnet_mode')) {
    if (controlMode === undefined) return undefined;
    throw new AsyncDiffError(
      'invalid_settings',
      'this ControlNet has one kind of picture and takes no --control-mode',
    );
  }
  const mode = needed(
    controlMode,
    'control-mode',
    'this ControlNet knows several kinds of picture (0: canny, ...)',
  );
  return { dtype: 'int64', dims: [1, 1], data: BigInt64Array.of(BigInt(mode)) };
}

/** The conditional half in place of the unconditional one. */
function positiveTwice(tensor: Tensor): Tensor {
  const count = tensor.dims[0] ?? 0;
  const half = Array.from({ length: count / 2 }, (_, at) => rowOf(tensor, count / 2 + at));
  return concat([...half, ...half], 0);
}
