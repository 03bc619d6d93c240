import { float32 } from '../common/tensor/index.js';
import type { SamplerStart } from '../engine/index.js';
import type { SamplerStart as SamplerMessage } from '../transport/gen/asyncdiff/v1/SamplerStart.js';
import type { SamplerStart__Output } from '../transport/gen/asyncdiff/v1/SamplerStart.js';
import { fromTensorMessage, toTensorMessage } from './tensors.js';

export function toSamplerMessage({ latents, history, ...rest }: SamplerStart): SamplerMessage {
  return {
    ...rest,
    latents: toTensorMessage(latents),
    history: history.map((values) => toTensorMessage(float32(values, [values.length]))),
  };
}

/** Throws `invalid_input` where a tensor is not whole. */
export function fromSamplerMessage(message: SamplerStart__Output): SamplerStart {
  const { schedulerConfig, name, numInferenceSteps, firstStep } = message;
  return {
    schedulerConfig,
    name,
    numInferenceSteps,
    firstStep,
    latents: fromTensorMessage(message.latents, "the sampler's latents"),
    history: message.history.map(
      (tensor) => fromTensorMessage(tensor, "the sampler's history").data as Float32Array,
    ),
  };
}
