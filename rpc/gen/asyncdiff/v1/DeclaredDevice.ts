// Original file: proto/asyncdiff/v1/coordinator.proto

import type { ValueSpec as _asyncdiff_v1_ValueSpec, ValueSpec__Output as _asyncdiff_v1_ValueSpec__Output } from '../../asyncdiff/v1/ValueSpec.js';

/**
 * What a declared device stands in for. Its workers need no model: inputs of these shapes are enough for Denoise.
 */
export interface DeclaredDevice {
  'profile'?: (string);
  /**
   * The noise predictor.
   */
  'model'?: (string);
  /**
   * The GPU.
   */
  'device'?: (string);
  'timeDilation'?: (number | string);
  /**
   * Of the predictor's inputs; 2 with classifier-free guidance.
   */
  'batch'?: (number);
  'sampleInput'?: (string);
  'timestepInput'?: (string);
  'inputs'?: (_asyncdiff_v1_ValueSpec)[];
}

/**
 * What a declared device stands in for. Its workers need no model: inputs of these shapes are enough for Denoise.
 */
export interface DeclaredDevice__Output {
  'profile': (string);
  /**
   * The noise predictor.
   */
  'model': (string);
  /**
   * The GPU.
   */
  'device': (string);
  'timeDilation': (number);
  /**
   * Of the predictor's inputs; 2 with classifier-free guidance.
   */
  'batch': (number);
  'sampleInput': (string);
  'timestepInput': (string);
  'inputs': (_asyncdiff_v1_ValueSpec__Output)[];
}
