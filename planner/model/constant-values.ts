import type { Tensor as OrtTensor } from 'onnxruntime-node';
import {
  encodeModel,
  int64,
  type NodeProto,
  onnxTypeOf,
  readsOf,
  type TensorProto,
} from '../../common/model-file/index.js';
import { elementCount, parseDType } from '../../common/tensor/index.js';
import { openSession } from '../../execution/index.js';
import type { InferredValue } from './infer-values.js';
import type { Skeleton } from './skeleton.js';

/** Whether a `Shape` or `Size` asks for a dimension that the model as it came leaves open: ONNX Runtime folds the others there too. */
export function openShapes(
  { constants, weights, declaredDims }: Skeleton,
  asItCame: ReadonlyMap<string, InferredValue>,
): (node: NodeProto) => boolean {
  return (node) => {
    const name = node.input?.[0] ?? '';
    if (constants.has(name) || weights.has(name)) return false;
    const dims = declaredDims.get(name) ?? asItCame.get(name)?.partial;
    return dims === undefined || partOf(node, dims).includes(undefined);
  };
}

/** The dimensions that a `Shape` gives, by its attributes. */
function partOf<T>(node: NodeProto, dims: readonly T[]): readonly T[] {
  const attribute = (key: string): number | undefined => {
    const found = (node.attribute ?? []).find((one) => one.name === key);
    return found === undefined ? undefined : int64(found.i);
  };
  return dims.slice(attribute('start') ?? 0, attribute('end'));
}

/** What `Shape` and `Size` give where the shape that they ask for is known. */
export function shapeValue(
  node: NodeProto,
  shapeOf: ReadonlyMap<string, readonly number[]>,
): TensorProto | undefined {
  const dims = shapeOf.get(node.input?.[0] ?? '');
  const name = node.output?.[0] ?? '';
  if (dims === undefined || (node.domain ?? '') !== '') return undefined;
  if (node.op_type === 'Size') return integers(name, [], [elementCount(dims)]);
  if (node.op_type !== 'Shape') return undefined;
  const part = partOf(node, dims);
  return integers(name, [part.length], part);
}

function integers(name: string, dims: number[], values: readonly number[]): TensorProto {
  const data = BigInt64Array.from(values, BigInt);
  return { name, dims, data_type: onnxTypeOf('int64'), raw_data: new Uint8Array(data.buffer) };
}

/** Runs nodes that read constants only, and gives some of what they make. */
export async function evaluate(
  { rest }: Skeleton,
  nodes: readonly NodeProto[],
  known: ReadonlyMap<string, TensorProto>,
  wanted: readonly string[],
  label: string,
): Promise<TensorProto[]> {
  if (wanted.length === 0) return [];
  const read = new Set(nodes.flatMap(readsOf));
  const session = await openSession(
    encodeModel({
      ...rest,
      graph: {
        name: 'constants',
        node: [...nodes],
        initializer: [...known.values()].filter(({ name }) => read.has(name ?? '')),
        output: wanted.map((name) => ({ name })),
      },
    }),
    label,
    { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, interOpNumThreads: 1 },
  );
  try {
    const results = await session.run({});
    return wanted.map((name) => fromOrt(name, results[name] as OrtTensor));
  } finally {
    await session.release();
  }
}

function fromOrt(name: string, { type, dims, data }: OrtTensor): TensorProto {
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return {
    name,
    dims: [...dims],
    data_type: onnxTypeOf(parseDType(type, `constant "${name}"`)),
    raw_data: new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)),
  };
}
