// Original file: proto/asyncdiff/v1/worker.proto

import type { LinkProfile as _asyncdiff_v1_LinkProfile, LinkProfile__Output as _asyncdiff_v1_LinkProfile__Output } from '../../asyncdiff/v1/LinkProfile.js';

export interface Profiled {
  'planId'?: (string);
  'links'?: (_asyncdiff_v1_LinkProfile)[];
}

export interface Profiled__Output {
  'planId': (string);
  'links': (_asyncdiff_v1_LinkProfile__Output)[];
}
