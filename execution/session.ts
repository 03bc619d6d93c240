import type { Tensor } from '../common/tensor/index.js';

/** Something that computes a segment: an ONNX Runtime session, or a declared device. */
export interface SegmentSession {
  /** Runs once. Feeds and results by value name; results own their memory. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}
