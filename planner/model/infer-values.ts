import { encodeModel, type TensorProto, tensorDims } from '../../common/model-file/index.js';
import { dtypeOf, onnxTypeOf } from '../../common/model-file/index.js';
import type { DType } from '../../common/tensor/index.js';
import { openSession, SAME_BITS_CONFIG } from '../../execution/index.js';
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
 * @throws AsyncDiffError `model_invalid` with what ONNX Runtime says of the graph.
 */
export async function inferValues(
  skeleton: Skeleton,
  label: string,
  shapes: 'static' | 'declared' = 'static',
): Promise<Map<string, InferredValue>> {
  const { rest, nodes, constants, weights, sparse, inputs } = skeleton;
  const given = typesOf(skeleton);
  const half = hasHalf(skeleton);
  const names = [...new Set(nodes.flatMap(({ output = [] }) => output.filter((name) => name !== '')))];
  const session = await openSession(
    encodeModel({
      ...rest,
      graph: {
        name: 'shapes',
        node: half ? nodes.map(widenNode) : [...nodes],
        initializer: half ? [...constants.values()].map(widenTensor) : [...constants.values()],
        sparse_initializer: sparse,
        input: [
          ...inputs.map(({ name, dtype, dims }) =>
            valueOf(
              name,
              onnxTypeOf(dtype),
              shapes === 'static' ? dims : (skeleton.declaredDims.get(name) ?? dims),
            ),
          ),
          ...[...weights].map(([name, tensor]) => valueOf(name, tensor.data_type ?? 0, tensorDims(tensor))),
        ],
        output: names.map((name) => ({ name })),
      },
    }),
    label,
    {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      extra: {
        ...SAME_BITS_CONFIG,
        session: { model_external_initializers_file_folder_path: skeleton.folder },
      },
    },
  );
  const found = new Map<string, InferredValue>();
  try {
    for (const output of session.outputMetadata) {
      if (!output.isTensor) continue;
      const partial = output.shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : undefined));
      const dims = partial.flatMap((dim) => dim ?? []);
      found.set(output.name, {
        dtype: output.type as DType,
        dims: dims.length === partial.length ? dims : undefined,
        partial,
      });
    }
  } finally {
    await session.release();
  }
  if (!half) return found;
  const isFloat = (name: string): boolean => {
    const type = found.get(name)?.dtype ?? dtypeOf(given.get(name));
    return type === 'float32' || type === 'float16' || type === 'float64';
  };
  for (const name of findHalfValues(nodes, given, isFloat)) {
    const value = found.get(name);
    if (value?.dtype === 'float32') found.set(name, { ...value, dtype: 'float16' });
  }
  return found;

  function valueOf(name: string, type: number, dims: readonly (number | undefined)[]) {
    const dim = dims.map((size) => (size === undefined ? {} : { dim_value: size }));
    return { name, type: { tensor_type: { elem_type: half ? widen(type) : type, shape: { dim } } } };
  }
}

/** Element types of graph inputs and stored tensors. */
function typesOf({ inputs, constants, weights }: Skeleton): Map<string, number> {
  const types = new Map(inputs.map(({ name, dtype }) => [name, onnxTypeOf(dtype)]));
  for (const [name, tensor] of [...constants, ...weights]) types.set(name, tensor.data_type ?? 0);
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
