import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  encodeModel,
  int64,
  type NodeProto,
  onnxTypeOf,
  readsOf,
  subgraphs,
  type TensorProto,
  tensorDims,
  writesOf,
} from '../../common/model-file/index.js';
import { type DType, elementCount } from '../../common/tensor/index.js';
import { checkCancelled, openSession } from '../../execution/index.js';
import { type InferredValue, inferValues } from './infer-values.js';
import type { Skeleton } from './skeleton.js';

/** A skeleton without shape arithmetic, and every value's type and static shape. */
export interface FoldedSkeleton {
  readonly skeleton: Skeleton;
  readonly values: ReadonlyMap<string, { readonly dtype: DType; readonly dims: readonly number[] }>;
}

/** Constants of more elements stay computed: ONNX Runtime folds them where the session opens. Shape arithmetic is far below. */
const MAX_FOLDED_ELEMENTS = 4096;
/** A constant of more elements is refused: with float32 a quarter of a gigabyte that no picture needs. */
const MAX_CONSTANT_ELEMENTS = 2 ** 26;
/** Rounds of folding and inferring; a torch export of SD 1.5 takes three. */
const MAX_TURNS = 64;

/** Operators that give other numbers each time. */
const RANDOM = /^(Random|Multinomial|Bernoulli)/;
/** Operators that only move data, or give none of their own: what ONNX Runtime folds in float16 on the CPU too. */
const MOVES = new Set(
  'Cast Concat ConstantOfShape Expand Flatten Gather Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(
    ' ',
  ),
);
/** Operators whose output can be huge whatever goes in. */
const GROWS = new Set(['ConstantOfShape', 'Expand', 'Tile', 'Range', 'Pad', 'Resize', 'OneHot', 'EyeLike']);

/**
 * Computes what depends on shapes and small constants only, until every shape is static: 2,988 nodes of an export of SD 1.5 become 1,667. The
 * other nodes stay as they were exported, under their names, so that every value of the model is there to be cut at, and a session of
 * some of them computes what the untouched model does, on whatever device.
 *
 * @throws AsyncDiffError `model_invalid`, `model_unsupported` (a shape that depends on the data, a constant of more than 2^26 elements), `cancelled`.
 */
export async function foldConstants(
  start: Skeleton,
  label: string,
  signal: AbortSignal | undefined,
): Promise<FoldedSkeleton> {
  let skeleton = start;
  // What is not static after the first kind of folding may depend on arithmetic that it leaves alone.
  let thorough = false;
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    checkCancelled(signal);
    const inferred = await inferValues(skeleton, label);
    checkCancelled(signal);
    checkConstants(skeleton, inferred);
    const folded = await foldOnce(skeleton, inferred, label, thorough);
    const open = openValues(skeleton, inferred);
    if (folded !== undefined) skeleton = folded;
    else if (open.length === 0) return { skeleton, values: staticValues(skeleton, inferred) };
    else if (thorough) throw dependsOnData(open);
    else thorough = true;
  }
  throw new AsyncDiffError('model_unsupported', `the shapes of ${label} could not be computed`);
}

/** Values, in order, whose shapes are not known. */
function openValues(skeleton: Skeleton, inferred: ReadonlyMap<string, InferredValue>): string[] {
  return skeleton.nodes.flatMap(writesOf).filter((name) => {
    const value = inferred.get(name);
    return value !== undefined && value.dims === undefined;
  });
}

function dependsOnData([first = '']: readonly string[]): AsyncDiffError {
  return new AsyncDiffError(
    'model_unsupported',
    `the shape of ${first} depends on the data that goes through the model, not only on the shapes of its inputs`,
    { hint: 'Export the model without data-dependent shapes (NonZero, masks that select, If).' },
  );
}

function staticValues(
  skeleton: Skeleton,
  inferred: ReadonlyMap<string, InferredValue>,
): FoldedSkeleton['values'] {
  const values = new Map<string, { dtype: DType; dims: readonly number[] }>();
  for (const { name, dtype, dims } of skeleton.inputs) values.set(name, { dtype, dims });
  for (const name of skeleton.nodes.flatMap(writesOf)) {
    const { dtype, dims } = inferred.get(name) ?? {};
    if (dtype !== undefined && dims !== undefined) values.set(name, { dtype, dims });
  }
  return values;
}

/** Refuses a graph in which some constant would fill the memory of whoever opens it. */
function checkConstants(skeleton: Skeleton, inferred: ReadonlyMap<string, InferredValue>): void {
  const constant = new Set([...skeleton.constants.keys(), ...skeleton.weights.keys()]);
  for (const node of skeleton.nodes) {
    if (!readsOf(node).every((name) => constant.has(name))) continue;
    for (const name of writesOf(node)) {
      constant.add(name);
      const elements = elementCount(inferred.get(name)?.dims ?? []);
      if (elements <= MAX_CONSTANT_ELEMENTS) continue;
      throw new AsyncDiffError(
        'model_unsupported',
        `node ${node.name ?? ''} (${node.op_type ?? ''}) makes a constant of ${elements.toLocaleString('en')} elements; at most ${MAX_CONSTANT_ELEMENTS.toLocaleString('en')} are allowed`,
      );
    }
  }
}

/** The skeleton with what can be computed now as constants; undefined if there is nothing. */
async function foldOnce(
  skeleton: Skeleton,
  inferred: ReadonlyMap<string, InferredValue>,
  label: string,
  thorough: boolean,
): Promise<Skeleton | undefined> {
  const known = new Map(skeleton.constants);
  const shapeOf = new Map(skeleton.inputs.map(({ name, dims }) => [name, dims]));
  for (const [name, tensor] of [...skeleton.constants, ...skeleton.weights])
    shapeOf.set(name, tensorDims(tensor));
  for (const [name, { dims }] of inferred) if (dims !== undefined) shapeOf.set(name, dims);
  const computed = new Set<string>();
  const toRun: NodeProto[] = [];
  const rest: NodeProto[] = [];
  for (const node of skeleton.nodes) {
    const shape = shapeValue(node, shapeOf);
    if (shape !== undefined) {
      known.set(shape.name ?? '', shape);
      continue;
    }
    const isKnown = (name: string): boolean => known.has(name) || computed.has(name);
    if (readsOf(node).every(isKnown) && isFoldable(node, inferred, thorough)) {
      toRun.push(node);
      for (const name of writesOf(node)) computed.add(name);
    } else rest.push(node);
  }
  if (rest.length === skeleton.nodes.length) return undefined;
  const read = new Set([...rest.flatMap(readsOf), skeleton.output]);
  const wanted = [...computed].filter((name) => read.has(name));
  for (const tensor of await evaluate(skeleton, toRun, known, wanted, label))
    known.set(tensor.name ?? '', tensor);
  if (!rest.some((node) => writesOf(node).includes(skeleton.output)))
    throw new AsyncDiffError(
      'model_unsupported',
      `the output ${skeleton.output} does not depend on any input`,
    );
  const constants = new Map([...known].filter(([name]) => read.has(name)));
  const weights = new Map([...skeleton.weights].filter(([name]) => read.has(name)));
  return { ...skeleton, nodes: rest, constants, weights };
}

function isFoldable(
  node: NodeProto,
  inferred: ReadonlyMap<string, InferredValue>,
  thorough: boolean,
): boolean {
  const type = node.op_type ?? '';
  if (RANDOM.test(type) || subgraphs(node).length > 0) return false;
  return writesOf(node).every((name) => {
    const value = inferred.get(name);
    if (value === undefined) return false;
    // In float16 ONNX Runtime computes a chain of nodes in float32 and rounds at its end: so must whoever wants the same bits.
    if (value.dtype === 'float16' && !MOVES.has(type) && !thorough) return false;
    if (value.dims === undefined) return thorough && !GROWS.has(type);
    return elementCount(value.dims) <= MAX_FOLDED_ELEMENTS;
  });
}

/** What `Shape` and `Size` give where the shape that they ask for is known. */
function shapeValue(
  node: NodeProto,
  shapeOf: ReadonlyMap<string, readonly number[]>,
): TensorProto | undefined {
  const dims = shapeOf.get(node.input?.[0] ?? '');
  const name = node.output?.[0] ?? '';
  if (dims === undefined || (node.domain ?? '') !== '') return undefined;
  if (node.op_type === 'Size') return integers(name, [], [elementCount(dims)]);
  if (node.op_type !== 'Shape') return undefined;
  const attribute = (key: string): number | undefined => {
    const found = (node.attribute ?? []).find((one) => one.name === key);
    return found === undefined ? undefined : int64(found.i);
  };
  const part = dims.slice(attribute('start') ?? 0, attribute('end'));
  return integers(name, [part.length], part);
}

function integers(name: string, dims: number[], values: readonly number[]): TensorProto {
  const data = BigInt64Array.from(values, BigInt);
  return { name, dims, data_type: onnxTypeOf('int64'), raw_data: new Uint8Array(data.buffer) };
}

/** Runs nodes that read constants only, and gives some of what they make. */
async function evaluate(
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
    data_type: onnxTypeOf(type as DType),
    raw_data: new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)),
  };
}
