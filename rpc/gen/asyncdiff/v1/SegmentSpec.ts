// Original file: proto/asyncdiff/v1/worker.proto

import type { ValueSpec as _asyncdiff_v1_ValueSpec, ValueSpec__Output as _asyncdiff_v1_ValueSpec__Output } from '../../asyncdiff/v1/ValueSpec.js';
import type { ItemValues as _asyncdiff_v1_ItemValues, ItemValues__Output as _asyncdiff_v1_ItemValues__Output } from '../../asyncdiff/v1/ItemValues.js';
import type { Long } from '@grpc/proto-loader';

/**
 * One ONNX Runtime session of a component.
 */
export interface SegmentSpec {
  'id'?: (string);
  'component'?: (number);
  'index'?: (number);
  /**
   * Content address of its graph.
   */
  'sha256'?: (string);
  'sizeBytes'?: (number | string | Long);
  'inputs'?: (_asyncdiff_v1_ValueSpec)[];
  'outputs'?: (_asyncdiff_v1_ValueSpec)[];
  /**
   * The names among inputs and outputs, by role.
   */
  'sampleInput'?: (string);
  'timestepInput'?: (string);
  'conditioning'?: (string)[];
  'localReads'?: (string)[];
  'boundaryReads'?: (string)[];
  'localWrites'?: (string)[];
  'boundaryWrites'?: (string)[];
  'output'?: (string);
  /**
   * Time that a declared device takes for it, milliseconds of the declared device (before dilation).
   */
  'declaredMs'?: (number | string);
  /**
   * Segments with the same one share a session: they are the micro-batches of one piece of the predictor.
   */
  'session'?: (string);
  /**
   * 0-based part of the batch that it computes, of `micro_batches`.
   */
  'microBatch'?: (number);
  'microBatches'?: (number);
  /**
   * Set in a single-pass model, which is run once for each item of a list.
   */
  'item'?: (_asyncdiff_v1_ItemValues | null);
}

/**
 * One ONNX Runtime session of a component.
 */
export interface SegmentSpec__Output {
  'id': (string);
  'component': (number);
  'index': (number);
  /**
   * Content address of its graph.
   */
  'sha256': (string);
  'sizeBytes': (number);
  'inputs': (_asyncdiff_v1_ValueSpec__Output)[];
  'outputs': (_asyncdiff_v1_ValueSpec__Output)[];
  /**
   * The names among inputs and outputs, by role.
   */
  'sampleInput': (string);
  'timestepInput': (string);
  'conditioning': (string)[];
  'localReads': (string)[];
  'boundaryReads': (string)[];
  'localWrites': (string)[];
  'boundaryWrites': (string)[];
  'output': (string);
  /**
   * Time that a declared device takes for it, milliseconds of the declared device (before dilation).
   */
  'declaredMs': (number);
  /**
   * Segments with the same one share a session: they are the micro-batches of one piece of the predictor.
   */
  'session': (string);
  /**
   * 0-based part of the batch that it computes, of `micro_batches`.
   */
  'microBatch': (number);
  'microBatches': (number);
  /**
   * Set in a single-pass model, which is run once for each item of a list.
   */
  'item': (_asyncdiff_v1_ItemValues__Output | null);
}
