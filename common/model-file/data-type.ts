import type { DType } from '../tensor/index.js';

/** `onnx.TensorProto.DataType` numbers of the element types that a tensor can move as. */
const DTYPE_BY_NUMBER: ReadonlyMap<number, DType> = new Map<number, DType>([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
]);

const NUMBER_BY_DTYPE: ReadonlyMap<DType, number> = new Map([...DTYPE_BY_NUMBER].map(([n, d]) => [d, n]));

/** Our element type of an ONNX type number; undefined for types that no boundary tensor can have (string, bfloat16, ...). */
export function dtypeOf(onnxType: number | undefined): DType | undefined {
  return DTYPE_BY_NUMBER.get(onnxType ?? 0);
}

/** The ONNX type number of an element type. */
export function onnxTypeOf(dtype: DType): number {
  return NUMBER_BY_DTYPE.get(dtype) ?? 0;
}

/** Whether a type is a floating-point one. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'float64';
}
