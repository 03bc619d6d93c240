// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';
import type { CarriedState as _asyncdiff_v1_CarriedState, CarriedState__Output as _asyncdiff_v1_CarriedState__Output } from '../../asyncdiff/v1/CarriedState.js';
import type { PlanSettings as _asyncdiff_v1_PlanSettings, PlanSettings__Output as _asyncdiff_v1_PlanSettings__Output } from '../../asyncdiff/v1/PlanSettings.js';

export interface RunHeader {
  /**
   * Content address of an uploaded model.
   */
  'modelSha256'?: (string);
  /**
   * How many items follow.
   */
  'items'?: (number);
  /**
   * Inputs that are the same for every item, and states of the first one, by graph-input name. States that are left out are zeros.
   */
  'inputs'?: ({[key: string]: _asyncdiff_v1_Tensor});
  /**
   * Inputs that are fed with what the item before made.
   */
  'states'?: (_asyncdiff_v1_CarriedState)[];
  'plan'?: (_asyncdiff_v1_PlanSettings | null);
  'jobId'?: (string);
  /**
   * As in GenerateRequest.
   */
  'trace'?: (boolean);
  /**
   * The job goes on when this call ends; AttachJob follows it, from the first item on. Its outputs may take 128 MiB.
   */
  'detached'?: (boolean);
}

export interface RunHeader__Output {
  /**
   * Content address of an uploaded model.
   */
  'modelSha256': (string);
  /**
   * How many items follow.
   */
  'items': (number);
  /**
   * Inputs that are the same for every item, and states of the first one, by graph-input name. States that are left out are zeros.
   */
  'inputs': ({[key: string]: _asyncdiff_v1_Tensor__Output});
  /**
   * Inputs that are fed with what the item before made.
   */
  'states': (_asyncdiff_v1_CarriedState__Output)[];
  'plan': (_asyncdiff_v1_PlanSettings__Output | null);
  'jobId': (string);
  /**
   * As in GenerateRequest.
   */
  'trace': (boolean);
  /**
   * The job goes on when this call ends; AttachJob follows it, from the first item on. Its outputs may take 128 MiB.
   */
  'detached': (boolean);
}
