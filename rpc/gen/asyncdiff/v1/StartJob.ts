// Original file: proto/asyncdiff/v1/worker.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';
import type { SamplerStart as _asyncdiff_v1_SamplerStart, SamplerStart__Output as _asyncdiff_v1_SamplerStart__Output } from '../../asyncdiff/v1/SamplerStart.js';
import type { Guidance as _asyncdiff_v1_Guidance, Guidance__Output as _asyncdiff_v1_Guidance__Output } from '../../asyncdiff/v1/Guidance.js';
import type { Long } from '@grpc/proto-loader';

export interface StartJob {
  'jobId'?: (string);
  'attempt'?: (number);
  'deploymentId'?: (string);
  /**
   * Conditioning by graph-input name; only what this worker's segments read.
   */
  'conditioning'?: ({[key: string]: _asyncdiff_v1_Tensor});
  /**
   * Timesteps by step, as the predictor takes them.
   */
  'timesteps'?: (number | string)[];
  /**
   * Record spans for the trace.
   */
  'trace'?: (boolean);
  /**
   * For the one worker that holds component N alone: it runs the sampler, and sends the latents to whoever reads them.
   */
  'sampler'?: (_asyncdiff_v1_SamplerStart | null);
  /**
   * As that of Deploy.
   */
  'generation'?: (number | string | Long);
  /**
   * What the producer of the noise prediction makes of its two halves; the latents then stand in the batch twice. Unset: there are no halves.
   */
  'guidance'?: (_asyncdiff_v1_Guidance | null);
}

export interface StartJob__Output {
  'jobId': (string);
  'attempt': (number);
  'deploymentId': (string);
  /**
   * Conditioning by graph-input name; only what this worker's segments read.
   */
  'conditioning': ({[key: string]: _asyncdiff_v1_Tensor__Output});
  /**
   * Timesteps by step, as the predictor takes them.
   */
  'timesteps': (number)[];
  /**
   * Record spans for the trace.
   */
  'trace': (boolean);
  /**
   * For the one worker that holds component N alone: it runs the sampler, and sends the latents to whoever reads them.
   */
  'sampler': (_asyncdiff_v1_SamplerStart__Output | null);
  /**
   * As that of Deploy.
   */
  'generation': (number);
  /**
   * What the producer of the noise prediction makes of its two halves; the latents then stand in the batch twice. Unset: there are no halves.
   */
  'guidance': (_asyncdiff_v1_Guidance__Output | null);
}
