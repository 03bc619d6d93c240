// Original file: proto/asyncdiff/v1/worker.proto

import type { SamplerState as _asyncdiff_v1_SamplerState, SamplerState__Output as _asyncdiff_v1_SamplerState__Output } from '../../asyncdiff/v1/SamplerState.js';

/**
 * A round that was issued with `progress` or `checkpoint` is done.
 */
export interface RoundDone {
  'jobId'?: (string);
  'attempt'?: (number);
  'lastStep'?: (number);
  /**
   * With `checkpoint`, and when the job is held.
   */
  'state'?: (_asyncdiff_v1_SamplerState | null);
  /**
   * The latents have drifted too far from their prediction: the job waits for a step in order after `last_step`.
   */
  'held'?: (boolean);
}

/**
 * A round that was issued with `progress` or `checkpoint` is done.
 */
export interface RoundDone__Output {
  'jobId': (string);
  'attempt': (number);
  'lastStep': (number);
  /**
   * With `checkpoint`, and when the job is held.
   */
  'state': (_asyncdiff_v1_SamplerState__Output | null);
  /**
   * The latents have drifted too far from their prediction: the job waits for a step in order after `last_step`.
   */
  'held': (boolean);
}
