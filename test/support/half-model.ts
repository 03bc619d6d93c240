import {
  liveNodes,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  tensorData,
} from '../../common/model-file/index.js';
import { encodeFloat16 } from '../../common/tensor/index.js';

const FLOAT = 1;
const FLOAT16 = 10;

/**
 * A model with float16 in place of float32 everywhere: inputs, outputs, weights, constants and casts, as a float16 export has it. Nodes that lead nowhere are
 * left out: no export has them, and ONNX Runtime rounds what they read.
 */
export function halfModel(model: ModelProto): ModelProto {
  const { graph } = model;
  const retype = (type: number | undefined): number => (type === FLOAT ? FLOAT16 : (type ?? 0));
  const values = (list: NonNullable<ModelProto['graph']>['input'] = []) =>
    list.map((one) => {
      const tensor = one.type?.tensor_type;
      if (!tensor) return one;
      return { ...one, type: { tensor_type: { ...tensor, elem_type: retype(tensor.elem_type) } } };
    });
  const nodes = liveNodes(graph?.node ?? [], ['out_sample']);
  const kept = new Set(nodes.flatMap(floatInputs));
  const halfNode = (node: NodeProto): NodeProto => ({
    ...node,
    attribute: (node.attribute ?? []).map((one) => {
      if (one.name === 'to') return { ...one, i: retype(Number(one.i ?? 0)) };
      return one.t && !kept.has(node.output?.[0] ?? '') ? { ...one, t: halfTensor(one.t) } : one;
    }),
  });
  return {
    ...model,
    graph: {
      ...graph,
      initializer: (graph?.initializer ?? []).map((one) =>
        kept.has(one.name ?? '') ? one : halfTensor(one),
      ),
      input: values(graph?.input),
      output: values(graph?.output),
      node: nodes.map(halfNode),
    },
  };
}

/** Inputs that an operator takes in float32 whatever its others are: region and scales of a `Resize`. */
function floatInputs({ op_type: type, input = [] }: NodeProto): string[] {
  return type === 'Resize' ? input.slice(1, 3) : [];
}

function halfTensor(tensor: TensorProto): TensorProto {
  if (tensor.data_type !== FLOAT) return tensor;
  const { float_data: _, ...rest } = tensor;
  const bytes = new Uint8Array(tensorData(tensor) ?? new Uint8Array());
  const halves = encodeFloat16(new Float32Array(bytes.buffer));
  return { ...rest, data_type: FLOAT16, raw_data: new Uint8Array(halves.buffer) };
}
