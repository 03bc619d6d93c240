// Original file: proto/asyncdiff/v1/worker.proto

import type { ProbedLink as _asyncdiff_v1_ProbedLink, ProbedLink__Output as _asyncdiff_v1_ProbedLink__Output } from '../../asyncdiff/v1/ProbedLink.js';
import type { Long } from '@grpc/proto-loader';

export interface LinksProbed {
  'id'?: (number | string | Long);
  'links'?: (_asyncdiff_v1_ProbedLink)[];
}

export interface LinksProbed__Output {
  'id': (number);
  'links': (_asyncdiff_v1_ProbedLink__Output)[];
}
