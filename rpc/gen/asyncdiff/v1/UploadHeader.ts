// Original file: proto/asyncdiff/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

/**
 * Announces the file whose bytes follow.
 */
export interface UploadHeader {
  /**
   * Content address of the whole model (docs/reference/protocol.md).
   */
  'modelSha256'?: (string);
  /**
   * `model.onnx`, or an external-data file beside it: a plain relative path.
   */
  'path'?: (string);
  'sizeBytes'?: (number | string | Long);
}

/**
 * Announces the file whose bytes follow.
 */
export interface UploadHeader__Output {
  /**
   * Content address of the whole model (docs/reference/protocol.md).
   */
  'modelSha256': (string);
  /**
   * `model.onnx`, or an external-data file beside it: a plain relative path.
   */
  'path': (string);
  'sizeBytes': (number);
}
