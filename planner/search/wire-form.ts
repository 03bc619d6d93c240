import type { DType } from '../../common/tensor/index.js';
import type { GraphValue } from './cost-graph.js';

/** What float32 boundary tensors are on the wire. */
export type WireDType = 'float32' | 'float16';

/** Name, type and bytes of a value as it goes over the wire. */
export function wireForm(
  { name, dtype, bytes }: GraphValue,
  wireDtype: WireDType,
): { readonly name: string; readonly dtype: DType; readonly bytes: number } {
  if (dtype !== 'float32' || wireDtype === 'float32') return { name, dtype, bytes };
  return { name: `${name}:${wireDtype}`, dtype: wireDtype, bytes: bytes / 2 };
}

export function wireBytes(value: GraphValue, wireDtype: WireDType): number {
  return wireForm(value, wireDtype).bytes;
}
