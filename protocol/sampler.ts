import { AsyncDiffError } from '../common/errors/index.js';
import { float32 } from '../common/tensor/index.js';
import type { KeptRegion as KeptMessage, KeptRegion__Output } from '../rpc/gen/asyncdiff/v1/KeptRegion.js';
import type { Foresight, LookAheadOptions, SamplerStart, SamplerState } from '../execution/index.js';
import type { Foresight as ForesightMessage, Foresight__Output } from '../rpc/gen/asyncdiff/v1/Foresight.js';
import type { LookAhead as LookAheadMessage, LookAhead__Output } from '../rpc/gen/asyncdiff/v1/LookAhead.js';
import type { Tensor as TensorMessage, Tensor__Output } from '../rpc/gen/asyncdiff/v1/Tensor.js';
import type {
  NoiseSeed as NoiseMessage,
  NoiseSeed__Output as NoiseMessage__Output,
} from '../rpc/gen/asyncdiff/v1/NoiseSeed.js';
import type { SamplerStart as SamplerMessage } from '../rpc/gen/asyncdiff/v1/SamplerStart.js';
import type { SamplerStart__Output } from '../rpc/gen/asyncdiff/v1/SamplerStart.js';
import type { SamplerState as StateMessage } from '../rpc/gen/asyncdiff/v1/SamplerState.js';
import type { SamplerState__Output } from '../rpc/gen/asyncdiff/v1/SamplerState.js';
import { fromTensorMessage, toTensorMessage } from '../rpc/index.js';

type KeptRegion = NonNullable<SamplerStart['kept']>;
type NoiseSeed = NonNullable<SamplerStart['noise']>;

export function toSamplerMessage(start: SamplerStart): SamplerMessage {
  const { schedulerConfig, name, numInferenceSteps, options, noise, lookAhead } = start;
  return {
    schedulerConfig,
    name,
    numInferenceSteps,
    options,
    noise: noise === undefined ? null : toNoiseMessage(noise),
    kept: start.kept === undefined ? null : toKeptMessage(start.kept),
    state: toSamplerState(start),
    lookAhead: lookAhead === undefined ? null : toLookAhead(lookAhead),
  };
}

/** Throws `invalid_input` where a tensor is not whole. */
export function fromSamplerMessage(message: SamplerStart__Output): SamplerStart {
  const { schedulerConfig, name, numInferenceSteps, options, noise, kept, lookAhead } = message;
  return {
    schedulerConfig,
    name,
    numInferenceSteps,
    options,
    noise: noise === null ? undefined : fromNoiseMessage(noise),
    kept: kept === null ? undefined : fromKeptMessage(kept),
    lookAhead: lookAhead === null ? undefined : fromLookAhead(lookAhead),
    ...fromSamplerState(message.state),
  };
}

function toNoiseMessage({ seed, drawnBefore, parts = [] }: NoiseSeed): NoiseMessage {
  return { seed: String(seed), drawnBefore: [...drawnBefore], parts: [...parts] };
}

function fromNoiseMessage({ seed, drawnBefore, parts }: NoiseMessage__Output): NoiseSeed {
  return { seed: BigInt(seed), drawnBefore, ...(parts.length === 0 ? {} : { parts }) };
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

export function toSamplerState({ nextStep, latents, history, foresight }: SamplerState): StateMessage {
  return {
    nextStep,
    latents: toTensorMessage(latents),
    history: history.map(toValues),
    foresight: foresight === undefined ? null : toForesight(foresight),
  };
}

/** Throws `invalid_input` where a tensor is not whole. */
export function fromSamplerState(message: SamplerState__Output | null): SamplerState {
  if (message === null) throw new AsyncDiffError('invalid_input', 'the state of the sampler is missing');
  return {
    nextStep: message.nextStep,
    latents: fromTensorMessage(message.latents, "the sampler's latents"),
    history: message.history.map((tensor) => fromValues(tensor, "the sampler's history")),
    foresight: message.foresight === null ? undefined : fromForesight(message.foresight),
  };
}

/** What protobuf cannot leave out of a list. */
const NONE = -1;

function toForesight({ calls, values, drifts }: Foresight): ForesightMessage {
  return {
    calls: [...calls],
    values: values.map(toValues),
    drifts: Array.from(drifts, (drift) => drift ?? NONE),
  };
}

function fromForesight({ calls, values, drifts }: Foresight__Output): Foresight {
  return {
    calls,
    values: values.map((tensor) => fromValues(tensor, 'what latents are predicted from')),
    drifts: drifts.map((drift) => (drift < 0 ? undefined : drift)),
  };
}

function toLookAhead(options: LookAheadOptions): LookAheadMessage {
  const { slope, gateAbove = NONE, tolerance = NONE, earlyTolerance = NONE, holds } = options;
  return { slope, gateAbove, tolerance, earlyTolerance, holds };
}

function fromLookAhead(message: LookAhead__Output): LookAheadOptions {
  const orNone = (value: number): number | undefined => (value < 0 ? undefined : value);
  const { slope, gateAbove, tolerance, earlyTolerance, holds } = message;
  return {
    slope,
    gateAbove: orNone(gateAbove),
    tolerance: orNone(tolerance),
    earlyTolerance: orNone(earlyTolerance),
    holds,
  };
}

function toValues(values: Float32Array): TensorMessage {
  return toTensorMessage(float32(values, [values.length]));
}

function fromValues(tensor: Tensor__Output, what: string): Float32Array {
  return fromTensorMessage(tensor, what).data as Float32Array;
}
