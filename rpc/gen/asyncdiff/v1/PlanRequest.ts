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
}
