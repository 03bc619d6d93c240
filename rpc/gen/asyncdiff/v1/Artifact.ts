// Original file: proto/asyncdiff/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A segment's graph, or a tensor, by the SHA-256 of its bytes. A graph is an ONNX model whose tensors of 512 bytes and more are external
 * data at `t/<SHA-256>`: a tensor is its raw little-endian bytes and no more, so that every plan, size and worker shares it.
 */
export interface Artifact {
  'sha256'?: (string);
  'sizeBytes'?: (number | string | Long);
  /**
   * Where it lies on the coordinator's host, for a worker on the same one: it is read there, if its SHA-256 is right, instead of being sent.
   */
  'path'?: (string);
  'offsetBytes'?: (number | string | Long);
  /**
   * Workers to ask before the coordinator: they have it, or are getting it first. 1-based places in the deployment's `suppliers`.
   */
  'suppliers'?: (number)[];
}

/**
 * A segment's graph, or a tensor, by the SHA-256 of its bytes. A graph is an ONNX model whose tensors of 512 bytes and more are external
 * data at `t/<SHA-256>`: a tensor is its raw little-endian bytes and no more, so that every plan, size and worker shares it.
 */
export interface Artifact__Output {
  'sha256': (string);
  'sizeBytes': (number);
  /**
   * Where it lies on the coordinator's host, for a worker on the same one: it is read there, if its SHA-256 is right, instead of being sent.
   */
  'path': (string);
  'offsetBytes': (number);
  /**
   * Workers to ask before the coordinator: they have it, or are getting it first. 1-based places in the deployment's `suppliers`.
   */
  'suppliers': (number)[];
}
