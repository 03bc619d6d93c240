import { type NodeProto, onnxTypeOf } from '../../common/model-file/index.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import type { CostGraph } from '../search/index.js';

/** A value as a session takes or gives it: under a name and of a type of its own where these are not the value's. */
export interface Carried {
  readonly name: string;
  readonly dtype: ValueSpec['dtype'];
  readonly value: string;
}

/** Those that are of another type than the value, each once. */
export function retyped<T extends Carried>(carried: readonly T[]): T[] {
  const byName = new Map(carried.map((one) => [one.name, one]));
  return [...byName.values()].filter(({ name, value }) => name !== value);
}

/** The value that goes from session to session of a component under this name. */
export function localValue({ values }: CostGraph, name: string): string {
  return values.has(name) ? name : name.slice(0, name.lastIndexOf(':'));
}

/*
 * Float16 on the CPU. ONNX Runtime runs nodes for which it has no float16 kernel in float32: it puts casts around each, and takes pairs of them
 * out again, so that what goes from one such node to the next is never rounded. A node that has such a kernel, as most do that only move data, reads
 * rounded values, unless all nodes before and behind it run in float32: then it does too (onnxruntime/core/optimizer/insert_cast_transformer.cc).
 *
 * A session is to round where the untouched model does and nowhere else. So it takes and gives float32, and at its ends stand nodes that
 * change nothing and that ONNX Runtime treats as the neighbours that were cut off.
 */

/** Casts of this name are taken for those that ONNX Runtime has put in itself: pairs of them cancel. */
export const PRECISION_FREE = 'InsertedPrecisionFreeCast_';

/**
 * The nodes by which a session makes the value that it takes as `name`.
 *
 * @param isWidened Whether the node that makes it, in another session, runs in float32.
 */
export function takingNodes(
  { name, value }: Carried,
  valueDtype: ValueSpec['dtype'],
  isWidened: boolean,
): NodeProto[] {
  if (valueDtype !== 'float16') return [castNode(`asyncdiff_wire/${value}`, name, value, valueDtype)];
  const cast = isWidened ? `${name}/taken` : value;
  return [
    castNode(`${PRECISION_FREE}asyncdiff_take/${value}`, name, cast, 'float16'),
    ...(isWidened ? [copyNode(cast, value)] : []),
  ];
}

/**
 * The nodes by which a session gives a value as `name`.
 *
 * @param isWidened Whether all nodes that read it, in other sessions, run in float32.
 */
export function givingNodes({ name, value, dtype }: Carried, isWidened: boolean): NodeProto[] {
  if (dtype !== 'float32') return [castNode(`asyncdiff_wire/${name}`, value, name, dtype)];
  const [copied, cast] = [isWidened ? `${name}/copied` : value, `${name}/given`];
  return [
    ...(isWidened ? [copyNode(value, copied)] : []),
    castNode(`${PRECISION_FREE}asyncdiff_give/${name}`, copied, cast, 'float32'),
    // A cast whose result leaves the session is left alone.
    copyNode(cast, name),
  ];
}

/** `Sum` of one input is a copy; it has no float16 kernel, and no optimiser takes it out. */
function copyNode(from: string, to: string): NodeProto {
  return { name: `asyncdiff_copy/${to}`, op_type: 'Sum', input: [from], output: [to] };
}

export function castNode(name: string, from: string, to: string, dtype: ValueSpec['dtype']): NodeProto {
  // 2: an integer attribute.
  const attribute = [{ name: 'to', type: 2, i: onnxTypeOf(dtype) }];
  return { name, op_type: 'Cast', input: [from], output: [to], attribute };
}
