import { type Guidance, guidanceOf } from '../../../common/guidance/index.js';
import type { PipelineCall, PipelineDefaults, PipelineRun } from './description.js';
import type { ModelFolder } from './model-folder.js';
import { configNumber, configSize } from './model-folder.js';

/** Guidance in the sense of most pipelines: a second, unconditional half of the batch when the scale is above 1. */
export function guidanceAbove1({ guidanceScale, call }: PipelineRun): Guidance | undefined {
  const guidance = guidanceOf(guidanceScale);
  return guidance === undefined || call.guidanceRescale === undefined
    ? guidance
    : { ...guidance, rescale: call.guidanceRescale };
}

/**
 * A pipeline's own defaults, or those that the model's generation_config.json names. Raises `model_invalid` for what is no number there.
 * @param fromPicture what differs in a call with a picture or a mask
 */
export function defaultsOr(
  own: PipelineDefaults,
  fromPicture: (call: PipelineCall) => Partial<PipelineDefaults> = () => ({}),
): (model: ModelFolder, call?: PipelineCall) => PipelineDefaults {
  return ({ generationConfig: config }, call) => {
    const hasPicture = call?.image !== undefined || call?.maskImage !== undefined;
    const fallback = call !== undefined && hasPicture ? { ...own, ...fromPicture(call) } : own;
    const part = { config, configName: 'generation_config.json' };
    return {
      numInferenceSteps: configSize(part, 'num_inference_steps', fallback.numInferenceSteps),
      guidanceScale: configNumber(part, 'guidance_scale', fallback.guidanceScale),
    };
  };
}
