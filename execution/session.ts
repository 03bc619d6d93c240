import type { DType, Tensor } from '../common/tensor/index.js';

/**
 * A value that stays on the device where a session made it, for the other sessions of its thread. Its memory is not the garbage collector's: who holds it
 * last releases it, before the session that made it goes.
 */
export interface DeviceValue {
  readonly dtype: DType;
  readonly dims: readonly number[];
  release(): void;
}

/** What goes into a session and comes out of it. */
export type SessionValue = Tensor | DeviceValue;

export function isTensor(value: SessionValue): value is Tensor {
  return 'data' in value;
}

/** Gives back what is on a device; the rest is the garbage collector's. */
export function releaseValues(values: Iterable<SessionValue>): void {
  for (const value of values) if (!isTensor(value)) value.release();
}

/** Something that computes a segment: an ONNX Runtime session, or a declared device. */
export interface SegmentSession {
  /** Runs once. Feeds and results by value name; results own their memory. */
  run(feeds: Readonly<Record<string, SessionValue>>): Promise<Record<string, SessionValue>>;
  release(): Promise<void>;
}
