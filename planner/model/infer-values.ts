import type { InferenceSession } from 'onnxruntime-node';
import {
  encodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  tensorDims,
} from '../../common/model-file/index.js';
import { dtypeOf, onnxTypeOf } from '../../common/model-file/index.js';
import { type DType, parseDType } from '../../common/tensor/index.js';
import { openSession, SAME_BITS_CONFIG } from '../../execution/index.js';
import { likelyScalars } from './likely-scalars.js';
import { typeAsInput } from './widen-bfloat16.js';
import { findHalfValues, FLOAT16, widen, widenNode, widenTensor } from './retype.js';
import type { Skeleton } from './skeleton.js';
import { visitNodeTensors } from './skeleton.js';

/** What is known of a value without running anything. */
export interface InferredValue {
  readonly dtype: DType;
  /** Undefined where its shape is not static, as far as is known. */
  readonly dims: readonly number[] | undefined;
  /** Its dimensions one by one; undefined where not even their number is known. */
  readonly partial: readonly (number | undefined)[] | undefined;
}

/**
 * Type and shape of every value of a skeleton, as ONNX Runtime infers them: all values are named as outputs of a graph whose weights are
 * inputs, and a session that is never run tells what they are (0.9 s for 9,300 nodes). Values of types that no tensor here can have are left out.
 *
 * @param shapes `declared`: with the inputs' open dimensions open, as in the model as it came.
 * @param unknown Values that no node here makes, of whatever shape, with their onnx.TensorProto.DataType.
 * @throws AsyncDiffError `model_invalid` with what ONNX Runtime says of the graph.
 */
export async function inferValues(
  skeleton: Skeleton,
  label: string,
  shapes: 'static' | 'declared' = 'static',
  unknown: ReadonlyMap<string, number> = new Map(),
): Promise<Map<string, InferredValue>> {
  const { nodes, constants } = skeleton;
  const half = hasHalf(skeleton) || [...unknown.values()].includes(FLOAT16);
  const names = [...new Set(nodes.flatMap(({ output = [] }) => output.filter((name) => name !== '')))];
  if (names.length === 0) return new Map();
  const open = (extra: readonly NodeProto[], outputs: readonly string[]): Promise<InferenceSession> =>
    openSession(encodeModel(shapesModel(skeleton, { shapes, unknown, half, extra, outputs })), label, {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      extra: {
        ...SAME_BITS_CONFIG,
        session: { model_external_initializers_file_folder_path: skeleton.folder },
      },
    });
  // Most of the ranks that will be asked for, in the session that is opened in any case: another one costs as much again.
  const likely = [...likelyScalars(nodes, constants)];
  const told = await outputsOf(open(likely.map(shapeNode), [...names, ...likely.map(shapeName)]));
  const found = valuesTold(told, new Set(names));
  const perhapsScalars = [...found].flatMap(([name, { partial }]) => (partial?.length === 0 ? [name] : []));
  const asked = new Set(likely);
  const others = perhapsScalars.filter((name) => !asked.has(name));
  const more = others.length === 0 ? [] : await outputsOf(open(others.map(shapeNode), others.map(shapeName)));
  const lengths = new Map([...told, ...more].map((output) => [output.name, output]));
  // ONNX Runtime says of a value whose rank it does not know what it says of a scalar: no dimensions. The length of its shape tells the two apart.
  for (const name of perhapsScalars) {
    const shape = lengths.get(shapeName(name));
    const isScalar = shape?.isTensor === true && shape.shape.length === 1 && shape.shape[0] === 0;
    const value = found.get(name);
    if (!isScalar && value !== undefined) found.set(name, { ...value, dims: undefined, partial: undefined });
  }
  if (half) markHalf(found, nodes, new Map([...typesOf(skeleton), ...unknown]));
  return found;
}

interface ShapesRequest {
  readonly shapes: 'static' | 'declared';
  readonly unknown: ReadonlyMap<string, number>;
  /** Whether the graph has float16: it is then widened, as it runs on the CPU. */
  readonly half: boolean;
  readonly extra: readonly NodeProto[];
  readonly outputs: readonly string[];
}

/** The nodes of a skeleton, and further ones, as a graph whose weights are inputs. */
function shapesModel(
  { rest, nodes, constants, weights, sparse, inputs, declaredDims }: Skeleton,
  { shapes, unknown, half, extra, outputs }: ShapesRequest,
): ModelProto {
  const valueOf = (name: string, type: number, dims?: readonly (number | undefined)[]) => {
    const dim = dims?.map((size) => (size === undefined ? {} : { dim_value: size }));
    const shape = dim === undefined ? {} : { shape: { dim } };
    return { name, type: { tensor_type: { elem_type: half ? widen(type) : type, ...shape } } };
  };
  return {
    ...rest,
    graph: {
      name: 'shapes',
      node: [...(half ? nodes.map(widenNode) : nodes), ...extra],
      initializer: half ? [...constants.values()].map(widenTensor) : [...constants.values()],
      sparse_initializer: sparse,
      input: [
        ...inputs.map(({ name, dtype, dims }) =>
          valueOf(name, onnxTypeOf(dtype), shapes === 'static' ? dims : (declaredDims.get(name) ?? dims)),
        ),
        ...[...weights].map(([name, tensor]) => valueOf(name, typeAsInput(tensor), tensorDims(tensor))),
        ...[...unknown].map(([name, type]) => valueOf(name, type)),
      ],
      output: outputs.map((name) => ({ name })),
    },
  };
}

/** What a session says of those of its outputs that are values of the graph. */
function valuesTold(
  told: readonly InferenceSession.ValueMetadata[],
  names: ReadonlySet<string>,
): Map<string, InferredValue> {
  const found = new Map<string, InferredValue>();
  for (const output of told) {
    if (!output.isTensor || !names.has(output.name)) continue;
    const partial = output.shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : undefined));
    const dims = partial.flatMap((dim) => dim ?? []);
    found.set(output.name, {
      dtype: parseDType(output.type, `value "${output.name}"`),
      dims: dims.length === partial.length ? dims : undefined,
      partial,
    });
  }
  return found;
}

/** A widened graph tells float16 as float32: those that are float16 in the model are made that again. */
function markHalf(
  found: Map<string, InferredValue>,
  nodes: readonly NodeProto[],
  given: ReadonlyMap<string, number>,
): void {
  const isFloat = (name: string): boolean => {
    const type = found.get(name)?.dtype ?? dtypeOf(given.get(name));
    return type === 'float32' || type === 'float16' || type === 'float64';
  };
  for (const name of findHalfValues(nodes, given, isFloat)) {
    const value = found.get(name);
    if (value?.dtype === 'float32') found.set(name, { ...value, dtype: 'float16' });
  }
}

/** Outputs of a session that is opened for them alone. */
async function outputsOf(
  opening: Promise<InferenceSession>,
): Promise<readonly InferenceSession.ValueMetadata[]> {
  const session = await opening;
  const { outputMetadata } = session;
  await session.release();
  return outputMetadata;
}

/** Gives a value's shape; its length is the rank. */
function shapeNode(name: string): NodeProto {
  return { name: shapeName(name), op_type: 'Shape', input: [name], output: [shapeName(name)] };
}

function shapeName(name: string): string {
  return `asyncdiff.shape.${name}`;
}

/** Element types of graph inputs and stored tensors. */
function typesOf({ inputs, constants, weights }: Skeleton): Map<string, number> {
  const types = new Map(inputs.map(({ name, dtype }) => [name, onnxTypeOf(dtype)]));
  for (const [name, tensor] of [...constants, ...weights]) types.set(name, typeAsInput(tensor));
  return types;
}

function hasHalf(skeleton: Skeleton): boolean {
  let found = skeleton.inputs.some(({ dtype }) => dtype === 'float16');
  const visit = (tensor: TensorProto): void => {
    found ||= tensor.data_type === FLOAT16;
  };
  for (const tensor of [...skeleton.constants.values(), ...skeleton.weights.values()]) visit(tensor);
  visitNodeTensors(skeleton, visit);
  return found;
}
