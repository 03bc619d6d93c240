/** A tensor as it moves through the house: an element type, a shape, and row-major little-endian data. */

import { AsyncDiffError } from '../errors/index.js';

/** Of a name that is none, in an error. */
const MAX_SHOWN_LENGTH = 60;

/** ONNX Runtime's own names for element types, so that a tensor goes into a session without a lookup. */
export type DType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** float16 is held as its bit patterns in a Uint16Array, which is what onnxruntime-node takes on Node 20. */
export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

type ArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
};

const ARRAYS: Readonly<Record<DType, ArrayConstructor>> = Object.freeze({
  float32: Float32Array,
  float16: Uint16Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
});

/** Every element type, in a fixed order that the wire format relies on (index + 1 is its number there). */
export const DTYPES: readonly DType[] = Object.freeze(Object.keys(ARRAYS) as DType[]);

/**
 * The element type of this name.
 * @param what names the tensor, for the error
 * @throws AsyncDiffError `invalid_input` for a name that is none
 */
export function parseDType(name: string, what: string): DType {
  const dtype = DTYPES.find((known) => known === name);
  if (dtype !== undefined) return dtype;
  throw new AsyncDiffError(
    'invalid_input',
    `${what} has the unknown type ${JSON.stringify(name.slice(0, MAX_SHOWN_LENGTH))}; known are ${DTYPES.join(', ')}`,
  );
}

/** The typed-array class that holds elements of `dtype`. */
export function arrayOf(dtype: DType): ArrayConstructor {
  return ARRAYS[dtype];
}

/** Bytes of one element of `dtype`. */
export function elementBytes(dtype: DType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements in a shape; 1 for a scalar (`[]`). */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of a tensor of this type and shape. */
export function tensorBytes(dtype: DType, dims: readonly number[]): number {
  return elementBytes(dtype) * elementCount(dims);
}

/**
 * Data that a session reads begins on a multiple of this many bytes. Kernels that sum (normalisations) peel off what
 * lies before the first aligned packet, so that the same values at another offset give other bits: with 8 bytes, every
 * tensor that came over the network did. Sixteen is what a new ArrayBuffer has.
 */
export const TENSOR_ALIGNMENT_BYTES = 16;

/** A float32 tensor over `data` (not copied). */
export function float32(data: Float32Array, dims: readonly number[]): Tensor {
  return { dtype: 'float32', dims, data };
}

/** A tensor of zeros. */
export function zeros(dtype: DType, dims: readonly number[]): Tensor {
  return { dtype, dims, data: new ARRAYS[dtype](elementCount(dims)) };
}

/** Shape as people read it: `[2,4,16,16]`. */
export function formatDims(dims: readonly (number | string)[]): string {
  return `[${dims.join(',')}]`;
}

/** Tensors one after another along the batch; the tensor itself where there is one. */
export function joinBatch(parts: readonly Tensor[]): Tensor {
  const [first, ...others] = parts as [Tensor, ...Tensor[]];
  if (others.length === 0) return first;
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (arrayOf(first.dtype))(length);
  let at = 0;
  for (const part of parts) {
    (data as Float32Array).set(part.data as Float32Array, at);
    at += part.data.length;
  }
  const batch = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 1), 0);
  return { dtype: first.dtype, dims: [batch, ...first.dims.slice(1)], data };
}
