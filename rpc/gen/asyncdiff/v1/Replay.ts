// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Replay as _asyncdiff_v1_Replay, Replay__Output as _asyncdiff_v1_Replay__Output } from '../../asyncdiff/v1/Replay.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';

/**
 * What an earlier run says of itself (the fields of its RunReport), for a job that is to give the same bits.
 */
export interface Replay {
  'version'?: (string);
  'predictorId'?: (string);
  'programId'?: (string);
  'inputsSha256'?: (string);
  'runtimes'?: (string)[];
  /**
   * Of the predictors behind the first one, where there are several, in their order; `plan` is set in these only: the first one's is the request's.
   */
  'later'?: (_asyncdiff_v1_Replay)[];
  'plan'?: (_asyncdiff_v1_PlanSettings | null);
}

/**
 * What an earlier run says of itself (the fields of its RunReport), for a job that is to give the same bits.
 */
export interface Replay__Output {
  'version': (string);
  'predictorId': (string);
  'programId': (string);
  'inputsSha256': (string);
  'runtimes': (string)[];
  /**
   * Of the predictors behind the first one, where there are several, in their order; `plan` is set in these only: the first one's is the request's.
   */
  'later': (_asyncdiff_v1_Replay__Output)[];
  'plan': (_asyncdiff_v1_PlanSettings__Output | null);
}
