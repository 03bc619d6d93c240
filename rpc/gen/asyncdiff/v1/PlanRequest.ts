// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Shape as _asyncdiff_v1_Shape, Shape__Output as _asyncdiff_v1_Shape__Output } from '../../asyncdiff/v1/Shape.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';

export interface PlanRequest {
  /**
   * Uploaded model; empty: the coordinator's own.
   */
  'modelSha256'?: (string);
  /**
   * Shapes of graph inputs, where the model leaves them open.
   */
  'inputShapes'?: ({[key: string]: _asyncdiff_v1_Shape});
  'plan'?: (_asyncdiff_v1_PlanSettings | null);
  /**
   * Steps of the job that is planned for; default 50. Only what max_error chooses depends on them.
   */
  'numInferenceSteps'?: (number);
  /**
   * Its classifier-free guidance: above 1 the shapes are those of [unconditional; conditional]. Default: none, or 2 with guidance_split on.
   */
  'guidanceScale'?: (number | string);
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
}

export interface PlanRequest__Output {
  /**
   * Uploaded model; empty: the coordinator's own.
   */
  'modelSha256': (string);
  /**
   * Shapes of graph inputs, where the model leaves them open.
   */
  'inputShapes': ({[key: string]: _asyncdiff_v1_Shape__Output});
  'plan': (_asyncdiff_v1_PlanSettings__Output | null);
  /**
   * Steps of the job that is planned for; default 50. Only what max_error chooses depends on them.
   */
  'numInferenceSteps'?: (number);
  /**
   * Its classifier-free guidance: above 1 the shapes are those of [unconditional; conditional]. Default: none, or 2 with guidance_split on.
   */
  'guidanceScale'?: (number);
  '_numInferenceSteps'?: "numInferenceSteps";
  '_guidanceScale'?: "guidanceScale";
}
