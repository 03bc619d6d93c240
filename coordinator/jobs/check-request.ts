import { AsyncDiffError } from '../../common/errors/index.js';
import {
  checkLimit,
  checkName,
  checkShape,
  type JobSettings,
  resolveJobSettings,
  resolvePlanSettings,
} from '../../common/settings/index.js';
import { timestepGiven } from '../../execution/index.js';
import { checkTensorMessage, fromJobSettingsMessage, fromPlanSettingsMessage } from '../../rpc/index.js';
import type { DenoiseRequest__Output } from '../../rpc/gen/asyncdiff/v1/DenoiseRequest.js';
import type { GenerateRequest__Output } from '../../rpc/gen/asyncdiff/v1/GenerateRequest.js';
import type { PlanRequest__Output } from '../../rpc/gen/asyncdiff/v1/PlanRequest.js';

/** The largest element type that a shape without one may have. */
const MAX_ELEMENT_BYTES = 8;

/**
 * What a generate request asks for, checked against every range and limit that needs no model, before it is queued and before anything is
 * allocated for it.
 * @throws AsyncDiffError `invalid_settings`, `limit_exceeded`, `invalid_input`
 */
export function checkGenerate(request: GenerateRequest__Output): JobSettings {
  const job = resolveJobSettings(fromJobSettingsMessage(request));
  resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  checkLimit('promptLength', request.prompt.length, 'prompt');
  checkLimit('promptLength', request.negativePrompt?.length ?? 0, 'negative_prompt');
  checkTexts(request);
  const { height, width, numImagesPerPrompt } = job;
  if (height !== 'auto' && width !== 'auto')
    checkLimit('jobPixels', height * width * numImagesPerPrompt, 'height x width x num_images_per_prompt');
  for (const [name, { text, numbers, tensor }] of Object.entries(request.arguments)) {
    checkName(name, 'an argument');
    checkLimit('promptLength', text?.length ?? 0, name);
    checkLimit('listLength', numbers?.values.length ?? 0, name);
    if (tensor) checkTensorMessage(tensor, name);
  }
  return job;
}

/** The same for a denoise request. */
export function checkDenoise(request: DenoiseRequest__Output): JobSettings {
  const job = resolveJobSettings(fromJobSettingsMessage(request));
  resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  checkTexts(request);
  const { timestepScale = 1 } = request;
  if (!Number.isFinite(timestepScale))
    throw new AsyncDiffError(
      'invalid_settings',
      `timestep_scale is ${timestepScale}, it must be a finite number`,
    );
  checkLimit('tensors', request.joint.length, 'joint');
  for (const { input, output } of request.joint) {
    checkName(input, 'an input');
    checkName(output, 'an output');
  }
  const inputs = Object.entries(request.inputs);
  checkLimit('tensors', inputs.length, 'inputs');
  for (const [name, tensor] of inputs) {
    checkName(name, 'an input');
    checkTensorMessage(tensor, `input "${name}"`);
    if (name === 'timestep' && tensor.dims.length <= 1) throw timestepGiven(name);
  }
  return job;
}

/** The same for a plan request. */
export function checkPlan(request: PlanRequest__Output): void {
  resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  resolveJobSettings(fromJobSettingsMessage(request));
  const shapes = Object.entries(request.inputShapes);
  checkLimit('tensors', shapes.length, 'input_shapes');
  for (const [name, { dims }] of shapes) {
    checkName(name, 'an input');
    checkShape(dims, MAX_ELEMENT_BYTES, `the shape of "${name}"`);
  }
}

function checkTexts(request: { readonly schedulerConfig: string; readonly samplerOptions: string }): void {
  checkLimit('textLength', request.schedulerConfig.length, 'scheduler_config');
  checkLimit('textLength', request.samplerOptions.length, 'sampler_options');
}
