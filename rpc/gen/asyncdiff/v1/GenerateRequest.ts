// Original file: proto/asyncdiff/v1/coordinator.proto

import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';
import type { PipelineArgument as _asyncdiff_v1_PipelineArgument, PipelineArgument__Output as _asyncdiff_v1_PipelineArgument__Output } from '../../asyncdiff/v1/PipelineArgument.js';
import type { Replay as _asyncdiff_v1_Replay, Replay__Output as _asyncdiff_v1_Replay__Output } from '../../asyncdiff/v1/Replay.js';
import type { Long } from '@grpc/proto-loader';

export interface GenerateRequest {
  'prompt'?: (string);
  /**
   * Unset is not the same as empty for SDXL: its unconditional half is then zeros.
   */
  'negativePrompt'?: (string);
  /**
   * Pixels. Unset, or 0: the model's own. Ranges and defaults of the fields below: docs/reference/settings.md.
   */
  'height'?: (number);
  'width'?: (number);
  /**
   * Unset: the model's own.
   */
  'numInferenceSteps'?: (number);
  /**
   * 1 or less: no guidance. Unset: the model's default.
   */
  'guidanceScale'?: (number | string);
  /**
   * Default 0.
   */
  'seed'?: (number | string | Long);
  /**
   * Default 1.
   */
  'numImagesPerPrompt'?: (number);
  /**
   * A sampler's name, or a diffusers class; unset or empty: that of the scheduler config.
   */
  'scheduler'?: (string);
  'plan'?: (_asyncdiff_v1_PlanSettings | null);
  /**
   * Send a small preview every so many steps; 0: none.
   */
  'previewEvery'?: (number);
  'trace'?: (boolean);
  /**
   * Run the program on the simulator as well, for the report's `simulated_seconds`.
   */
  'simulate'?: (boolean);
  /**
   * scheduler_config.json, as text; empty: the model's own.
   */
  'schedulerConfig'?: (string);
  /**
   * Arguments of diffusers' set_timesteps() and step(), as JSON; empty: none.
   */
  'samplerOptions'?: (string);
  /**
   * A UUID (version 4) that names the job from now on; empty: the coordinator makes one. Whoever knows it may attach to the job and cancel it.
   */
  'jobId'?: (string);
  /**
   * The job goes on when this call ends; AttachJob follows it.
   */
  'detached'?: (boolean);
  /**
   * Further arguments of the model's pipeline, by diffusers' names: strength, clip_skip, latents, image, ... (docs/reference/models.md).
   */
  'arguments'?: ({[key: string]: _asyncdiff_v1_PipelineArgument});
  /**
   * What pictures come as: `png` (the default), or `np`: .npy, float32 [height, width, 3] in [0, 1].
   */
  'outputType'?: (string);
  /**
   * Whether pictures go through the VAE in tiles: `auto` (the default), `on` or `off`.
   */
  'vaeTiling'?: (string);
  /**
   * The job gives the bits of an earlier run, or is refused with `replay_impossible`.
   */
  'replay'?: (_asyncdiff_v1_Replay | null);
  '_negativePrompt'?: "negativePrompt";
  '_height'?: "height";
  '_width'?: "width";
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
  '_seed'?: "seed";
  '_numImagesPerPrompt'?: "numImagesPerPrompt";
  '_scheduler'?: "scheduler";
  '_previewEvery'?: "previewEvery";
  '_outputType'?: "outputType";
  '_vaeTiling'?: "vaeTiling";
}

export interface GenerateRequest__Output {
  'prompt': (string);
  /**
   * Unset is not the same as empty for SDXL: its unconditional half is then zeros.
   */
  'negativePrompt'?: (string);
  /**
   * Pixels. Unset, or 0: the model's own. Ranges and defaults of the fields below: docs/reference/settings.md.
   */
  'height'?: (number);
  'width'?: (number);
  /**
   * Unset: the model's own.
   */
  'numInferenceSteps'?: (number);
  /**
   * 1 or less: no guidance. Unset: the model's default.
   */
  'guidanceScale'?: (number);
  /**
   * Default 0.
   */
  'seed'?: (number);
  /**
   * Default 1.
   */
  'numImagesPerPrompt'?: (number);
  /**
   * A sampler's name, or a diffusers class; unset or empty: that of the scheduler config.
   */
  'scheduler'?: (string);
  'plan': (_asyncdiff_v1_PlanSettings__Output | null);
  /**
   * Send a small preview every so many steps; 0: none.
   */
  'previewEvery'?: (number);
  'trace': (boolean);
  /**
   * Run the program on the simulator as well, for the report's `simulated_seconds`.
   */
  'simulate': (boolean);
  /**
   * scheduler_config.json, as text; empty: the model's own.
   */
  'schedulerConfig': (string);
  /**
   * Arguments of diffusers' set_timesteps() and step(), as JSON; empty: none.
   */
  'samplerOptions': (string);
  /**
   * A UUID (version 4) that names the job from now on; empty: the coordinator makes one. Whoever knows it may attach to the job and cancel it.
   */
  'jobId': (string);
  /**
   * The job goes on when this call ends; AttachJob follows it.
   */
  'detached': (boolean);
  /**
   * Further arguments of the model's pipeline, by diffusers' names: strength, clip_skip, latents, image, ... (docs/reference/models.md).
   */
  'arguments': ({[key: string]: _asyncdiff_v1_PipelineArgument__Output});
  /**
   * What pictures come as: `png` (the default), or `np`: .npy, float32 [height, width, 3] in [0, 1].
   */
  'outputType'?: (string);
  /**
   * Whether pictures go through the VAE in tiles: `auto` (the default), `on` or `off`.
   */
  'vaeTiling'?: (string);
  /**
   * The job gives the bits of an earlier run, or is refused with `replay_impossible`.
   */
  'replay': (_asyncdiff_v1_Replay__Output | null);
  '_negativePrompt'?: "negativePrompt";
  '_height'?: "height";
  '_width'?: "width";
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
  '_seed'?: "seed";
  '_numImagesPerPrompt'?: "numImagesPerPrompt";
  '_scheduler'?: "scheduler";
  '_previewEvery'?: "previewEvery";
  '_outputType'?: "outputType";
  '_vaeTiling'?: "vaeTiling";
}
