// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';
import type { JointPair as _asyncdiff_v1_JointPair, JointPair__Output as _asyncdiff_v1_JointPair__Output } from '../../asyncdiff/v1/JointPair.js';
import type { Replay as _asyncdiff_v1_Replay, Replay__Output as _asyncdiff_v1_Replay__Output } from '../../asyncdiff/v1/Replay.js';
import type { Long } from '@grpc/proto-loader';

export interface DenoiseRequest {
  /**
   * Content address of an uploaded model.
   */
  'modelSha256'?: (string);
  /**
   * scheduler_config.json, as text.
   */
  'schedulerConfig'?: (string);
  /**
   * May be left out with explicit sigmas or timesteps among the sampler's options.
   */
  'numInferenceSteps'?: (number);
  /**
   * 1 or less, or unset: no guidance.
   */
  'guidanceScale'?: (number | string);
  /**
   * `sample` and the conditioning, by graph-input name.
   */
  'inputs'?: ({[key: string]: _asyncdiff_v1_Tensor});
  'plan'?: (_asyncdiff_v1_PlanSettings | null);
  /**
   * Send latents and noise prediction of every step.
   */
  'sendSteps'?: (boolean);
  'trace'?: (boolean);
  /**
   * As in GenerateRequest.
   */
  'simulate'?: (boolean);
  'scheduler'?: (string);
  'samplerOptions'?: (string);
  /**
   * Of the noise that some samplers draw in their steps; the latents are given. Default 0.
   */
  'seed'?: (number | string | Long);
  'jobId'?: (string);
  'detached'?: (boolean);
  /**
   * The predictor is fed the sampler's timesteps times this; default 1.
   */
  'timestepScale'?: (number | string);
  /**
   * Several latents, each with a prediction, where they cannot be told by shapes and names.
   */
  'joint'?: (_asyncdiff_v1_JointPair)[];
  /**
   * As in GenerateRequest.
   */
  'replay'?: (_asyncdiff_v1_Replay | null);
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
  '_scheduler'?: "scheduler";
  '_seed'?: "seed";
  '_timestepScale'?: "timestepScale";
}

export interface DenoiseRequest__Output {
  /**
   * Content address of an uploaded model.
   */
  'modelSha256': (string);
  /**
   * scheduler_config.json, as text.
   */
  'schedulerConfig': (string);
  /**
   * May be left out with explicit sigmas or timesteps among the sampler's options.
   */
  'numInferenceSteps'?: (number);
  /**
   * 1 or less, or unset: no guidance.
   */
  'guidanceScale'?: (number);
  /**
   * `sample` and the conditioning, by graph-input name.
   */
  'inputs': ({[key: string]: _asyncdiff_v1_Tensor__Output});
  'plan': (_asyncdiff_v1_PlanSettings__Output | null);
  /**
   * Send latents and noise prediction of every step.
   */
  'sendSteps': (boolean);
  'trace': (boolean);
  /**
   * As in GenerateRequest.
   */
  'simulate': (boolean);
  'scheduler'?: (string);
  'samplerOptions': (string);
  /**
   * Of the noise that some samplers draw in their steps; the latents are given. Default 0.
   */
  'seed'?: (number);
  'jobId': (string);
  'detached': (boolean);
  /**
   * The predictor is fed the sampler's timesteps times this; default 1.
   */
  'timestepScale'?: (number);
  /**
   * Several latents, each with a prediction, where they cannot be told by shapes and names.
   */
  'joint': (_asyncdiff_v1_JointPair__Output)[];
  /**
   * As in GenerateRequest.
   */
  'replay': (_asyncdiff_v1_Replay__Output | null);
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
  '_scheduler'?: "scheduler";
  '_seed'?: "seed";
  '_timestepScale'?: "timestepScale";
}
