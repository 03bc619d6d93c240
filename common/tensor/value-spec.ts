import type { DType } from './tensor.js';

/** A tensor that goes into or comes out of a session. */
export interface ValueSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
}
