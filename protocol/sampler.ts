import { AsyncDiffError } from '../common/errors/index.js';
import { float32 } from '../common/tensor/index.js';
import type { SamplerStart, SamplerState } from '../execution/index.js';
import type { KeptRegion as KeptMessage, KeptRegion__Output } from '../rpc/gen/asyncdiff/v1/KeptRegion.js';
import type { SamplerStart as SamplerMessage } from '../rpc/gen/asyncdiff/v1/SamplerStart.js';
import type { SamplerStart__Output } from '../rpc/gen/asyncdiff/v1/SamplerStart.js';
import type { SamplerState as StateMessage } from '../rpc/gen/asyncdiff/v1/SamplerState.js';
import type { SamplerState__Output } from '../rpc/gen/asyncdiff/v1/SamplerState.js';
import { fromTensorMessage, toTensorMessage } from '../rpc/index.js';
import { type KeptRegion, parseSamplerOptions } from '../samplers/index.js';

export function toSamplerMessage(start: SamplerStart): SamplerMessage {
  const { schedulerConfig, name, numInferenceSteps, options, noise } = start;
  return {
    schedulerConfig,
    name,
    numInferenceSteps,
    options: JSON.stringify(options),
    noise: noise === undefined ? null : { seed: String(noise.seed), drawnBefore: [...noise.drawnBefore] },
    kept: start.kept === undefined ? null : toKeptMessage(start.kept),
    state: toSamplerState(start),
  };
}

/** Throws `invalid_input` where a tensor is not whole. */
export function fromSamplerMessage(message: SamplerStart__Output): SamplerStart {
  const { schedulerConfig, name, numInferenceSteps, noise, kept } = message;
  return {
    schedulerConfig,
    name,
    numInferenceSteps,
    options: parseSamplerOptions(message.options),
    noise: noise === null ? undefined : { seed: BigInt(noise.seed), drawnBefore: noise.drawnBefore },
    kept: kept === null ? undefined : fromKeptMessage(kept),
    ...fromSamplerState(message.state),
  };
}

function toKeptMessage(kept: KeptRegion): KeptMessage {
  const flat = (values: Float32Array) => toTensorMessage(float32(values, [values.length]));
  return { mask: flat(kept.mask), original: flat(kept.original), noise: flat(kept.noise) };
}

function fromKeptMessage({ mask, original, noise }: KeptRegion__Output): KeptRegion {
  return {
    mask: fromTensorMessage(mask, 'the mask').data as Float32Array,
    original: fromTensorMessage(original, "the picture's latents").data as Float32Array,
    noise: fromTensorMessage(noise, 'the noise of the kept region').data as Float32Array,
  };
}

export function toSamplerState({ nextStep, latents, history }: SamplerState): StateMessage {
  return {
    nextStep,
    latents: toTensorMessage(latents),
    history: history.map((values) => toTensorMessage(float32(values, [values.length]))),
  };
}

/** Throws `invalid_input` where a tensor is not whole. */
export function fromSamplerState(message: SamplerState__Output | null): SamplerState {
  if (message === null) throw new AsyncDiffError('invalid_input', 'the state of the sampler is missing');
  return {
    nextStep: message.nextStep,
    latents: fromTensorMessage(message.latents, "the sampler's latents"),
    history: message.history.map(
      (tensor) => fromTensorMessage(tensor, "the sampler's history").data as Float32Array,
    ),
  };
}
