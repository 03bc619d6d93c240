import {
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  subgraphs,
  tensorData,
  type TensorProto,
  type ValueInfoProto,
  withData,
} from '../../common/model-file/index.js';
import { decodeFloat16 } from '../../common/tensor/index.js';

/** onnx.TensorProto.DataType. */
export const FLOAT = 1;
export const FLOAT16 = 10;

/** Attributes that name an element type, whatever the operator. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype', 'output_datatype']);
const INT = 2;

/** An element type with float16 as float32. */
export function widen(dataType: number): number {
  return dataType === FLOAT16 ? FLOAT : dataType;
}

/** A tensor in memory with float16 as float32. */
export function widenTensor(tensor: TensorProto): TensorProto {
  if (tensor.data_type !== FLOAT16) return tensor;
  const { data_location, external_data, ...rest } = tensor;
  if (data_location === 1)
    return { ...rest, data_type: FLOAT, data_location, external_data: external_data ?? [] };
  const bytes = tensorData(tensor) ?? new Uint8Array();
  const halves = new Uint16Array(new Uint8Array(bytes).buffer);
  return withData({ ...rest, data_type: FLOAT }, new Uint8Array(decodeFloat16(halves).buffer));
}

/**
 * A node with float16 as float32 wherever its attributes and the graphs in them name it. ONNX Runtime has hardly a float16 kernel for the
 * CPU, and takes such a graph apart in casts and functions before it tells the shapes.
 */
export function widenNode(node: NodeProto): NodeProto {
  const attributes = node.attribute ?? [];
  if (attributes.length === 0) return node;
  return { ...node, attribute: attributes.map(widenAttribute) };
}

function widenAttribute(attribute: AttributeProto): AttributeProto {
  if (attribute.type === INT && TYPE_ATTRIBUTES.has(attribute.name ?? ''))
    return { ...attribute, i: widen(Number(attribute.i ?? 0)) };
  if (attribute.t) return { ...attribute, t: widenTensor(attribute.t) };
  if (attribute.g) return { ...attribute, g: widenGraph(attribute.g) };
  return attribute;
}

function widenGraph(graph: GraphProto): GraphProto {
  const values = (list: readonly ValueInfoProto[] | undefined): ValueInfoProto[] =>
    (list ?? []).map((value) => {
      const tensor = value.type?.tensor_type;
      if (!tensor) return value;
      return { ...value, type: { tensor_type: { ...tensor, elem_type: widen(tensor.elem_type ?? 0) } } };
    });
  return {
    ...graph,
    node: (graph.node ?? []).map(widenNode),
    initializer: (graph.initializer ?? []).map(widenTensor),
    input: values(graph.input),
    output: values(graph.output),
    value_info: [],
  };
}

/**
 * Which float values are float16, from a graph's nodes in order: ONNX gives a node's float outputs the type of its first float input, with the
 * exceptions below.
 *
 * @param given Element types of graph inputs and initializers.
 * @param isFloat Whether a value is of a float type, whichever.
 */
export function findHalfValues(
  nodes: readonly NodeProto[],
  given: ReadonlyMap<string, number>,
  isFloat: (name: string) => boolean,
): ReadonlySet<string> {
  const halves = new Set([...given].flatMap(([name, type]) => (type === FLOAT16 ? [name] : [])));
  for (const node of nodes)
    if (givesHalf(node, halves, isFloat))
      for (const name of node.output ?? []) if (isFloat(name)) halves.add(name);
  return halves;
}

/** Whether a node's float outputs are float16. */
function givesHalf(
  node: NodeProto,
  halves: ReadonlySet<string>,
  isFloat: (name: string) => boolean,
): boolean {
  const attribute = (name: string): AttributeProto | undefined =>
    (node.attribute ?? []).find((one) => one.name === name);
  const isHalf = (at: number): boolean => halves.has(node.input?.[at] ?? '');
  const type = Number((attribute('to') ?? attribute('dtype') ?? attribute('output_dtype'))?.i ?? 0);
  switch (node.op_type) {
    case 'Cast':
    case 'RandomNormal':
    case 'RandomUniform':
      return type === FLOAT16;
    case 'ConstantOfShape':
      return attribute('value')?.t?.data_type === FLOAT16;
    case 'EyeLike':
    case 'RandomNormalLike':
    case 'RandomUniformLike':
      return type === 0 ? isHalf(0) : type === FLOAT16;
    case 'CastLike':
    case 'Where':
    case 'DequantizeLinear':
      return isHalf(1);
    case 'If':
      return subgraphs(node).some(({ node: inner = [], initializer = [], output = [] }) => {
        const types = new Map([...halves].map((name) => [name, FLOAT16]));
        for (const tensor of initializer) types.set(tensor.name ?? '', tensor.data_type ?? 0);
        const found = findHalfValues(inner, types, () => true);
        return output.some(({ name }) => found.has(name ?? ''));
      });
    default:
      return halves.has((node.input ?? []).find(isFloat) ?? '');
  }
}
