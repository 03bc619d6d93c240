// Original file: proto/asyncdiff/v1/worker.proto

import type { SamplerState as _asyncdiff_v1_SamplerState, SamplerState__Output as _asyncdiff_v1_SamplerState__Output } from '../../asyncdiff/v1/SamplerState.js';
import type { NoiseSeed as _asyncdiff_v1_NoiseSeed, NoiseSeed__Output as _asyncdiff_v1_NoiseSeed__Output } from '../../asyncdiff/v1/NoiseSeed.js';
import type { KeptRegion as _asyncdiff_v1_KeptRegion, KeptRegion__Output as _asyncdiff_v1_KeptRegion__Output } from '../../asyncdiff/v1/KeptRegion.js';
import type { LookAhead as _asyncdiff_v1_LookAhead, LookAhead__Output as _asyncdiff_v1_LookAhead__Output } from '../../asyncdiff/v1/LookAhead.js';

/**
 * Where a sampler stands; the receiver goes on with it.
 */
export interface SamplerStart {
  /**
   * Text of a scheduler_config.json.
   */
  'schedulerConfig'?: (string);
  /**
   * ddim, euler, ...
   */
  'name'?: (string);
  'numInferenceSteps'?: (number);
  'state'?: (_asyncdiff_v1_SamplerState | null);
  /**
   * Arguments of diffusers' set_timesteps() and step(), as JSON; empty: none.
   */
  'options'?: (string);
  /**
   * Where fresh noise comes from, for samplers that draw any.
   */
  'noise'?: (_asyncdiff_v1_NoiseSeed | null);
  /**
   * What is put back after every step; unset: nothing.
   */
  'kept'?: (_asyncdiff_v1_KeptRegion | null);
  /**
   * Left out: latents are not predicted.
   */
  'lookAhead'?: (_asyncdiff_v1_LookAhead | null);
}

/**
 * Where a sampler stands; the receiver goes on with it.
 */
export interface SamplerStart__Output {
  /**
   * Text of a scheduler_config.json.
   */
  'schedulerConfig': (string);
  /**
   * ddim, euler, ...
   */
  'name': (string);
  'numInferenceSteps': (number);
  'state': (_asyncdiff_v1_SamplerState__Output | null);
  /**
   * Arguments of diffusers' set_timesteps() and step(), as JSON; empty: none.
   */
  'options': (string);
  /**
   * Where fresh noise comes from, for samplers that draw any.
   */
  'noise': (_asyncdiff_v1_NoiseSeed__Output | null);
  /**
   * What is put back after every step; unset: nothing.
   */
  'kept': (_asyncdiff_v1_KeptRegion__Output | null);
  /**
   * Left out: latents are not predicted.
   */
  'lookAhead': (_asyncdiff_v1_LookAhead__Output | null);
}
