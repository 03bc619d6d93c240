// Original file: proto/asyncdiff/v1/worker.proto

import type { VersionedTensor as _asyncdiff_v1_VersionedTensor, VersionedTensor__Output as _asyncdiff_v1_VersionedTensor__Output } from '../../asyncdiff/v1/VersionedTensor.js';

export interface Task {
  'id'?: (string);
  'round'?: (number);
  'component'?: (number);
  'segment'?: (string);
  'run'?: (number);
  'sampleStep'?: (number);
  'timestepStep'?: (number);
  'reads'?: (_asyncdiff_v1_VersionedTensor)[];
  'writes'?: (_asyncdiff_v1_VersionedTensor)[];
  /**
   * Step + 1 whose noise prediction it produces; 0 for none.
   */
  'epsStepPlusOne'?: (number);
}

export interface Task__Output {
  'id': (string);
  'round': (number);
  'component': (number);
  'segment': (string);
  'run': (number);
  'sampleStep': (number);
  'timestepStep': (number);
  'reads': (_asyncdiff_v1_VersionedTensor__Output)[];
  'writes': (_asyncdiff_v1_VersionedTensor__Output)[];
  /**
   * Step + 1 whose noise prediction it produces; 0 for none.
   */
  'epsStepPlusOne': (number);
}
