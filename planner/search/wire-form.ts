import type { DType } from '../../common/tensor/index.js';
import type { GraphValue } from './cost-graph.js';

/** What float32 boundary tensors are on the wire. */
export type WireDType = 'float32' | 'float16';

/**
 * What values are between sessions. `unrounded`: float32 stays, and float16 values are float32 too, as on the CPU, where ONNX Runtime computes
 * float16 graphs in float32 and rounds only what a kernel for float16 reads: a session that rounds at its end gives other bits than the whole.
 */
export type WireForm = WireDType | 'unrounded';

/** Name, type and bytes of a value as it goes from one session to another. */
export function wireForm(
  { name, dtype, bytes }: GraphValue,
  form: WireForm,
): { readonly name: string; readonly dtype: DType; readonly bytes: number } {
  if (dtype === 'float16' && form === 'unrounded')
    return { name: `${name}:float32`, dtype: 'float32', bytes: 2 * bytes };
  if (dtype === 'float32' && form === 'float16')
    return { name: `${name}:float16`, dtype: 'float16', bytes: bytes / 2 };
  return { name, dtype, bytes };
}

export function wireBytes(value: GraphValue, form: WireForm): number {
  return wireForm(value, form).bytes;
}

/** Name and type of a value between two sessions of one component, which no wire narrows. */
export function localForm(
  value: GraphValue,
  form: WireForm,
): { readonly name: string; readonly dtype: DType } {
  return wireForm(value, form === 'unrounded' ? form : 'float32');
}
