// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Tensor as _asyncdiff_v1_Tensor, Tensor__Output as _asyncdiff_v1_Tensor__Output } from '../../asyncdiff/v1/Tensor.js';

export interface StepTensors {
  'step'?: (number);
  'latents'?: (_asyncdiff_v1_Tensor | null);
  'eps'?: (_asyncdiff_v1_Tensor | null);
  'timestep'?: (number | string);
}

export interface StepTensors__Output {
  'step': (number);
  'latents': (_asyncdiff_v1_Tensor__Output | null);
  'eps': (_asyncdiff_v1_Tensor__Output | null);
  'timestep': (number);
}
