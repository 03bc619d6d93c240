// Original file: proto/asyncdiff/v1/coordinator.proto

import type { UploadHeader as _asyncdiff_v1_UploadHeader, UploadHeader__Output as _asyncdiff_v1_UploadHeader__Output } from '../../asyncdiff/v1/UploadHeader.js';

export interface UploadModelRequest {
  'header'?: (_asyncdiff_v1_UploadHeader | null);
  'data'?: (Buffer | Uint8Array | string);
  'message'?: "header"|"data";
}

export interface UploadModelRequest__Output {
  'header'?: (_asyncdiff_v1_UploadHeader__Output | null);
  'data'?: (Buffer);
  'message'?: "header"|"data";
}
