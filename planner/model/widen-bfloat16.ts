import {
  type AttributeProto,
  type GraphProto,
  loadModelFile,
  type ModelFile,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../common/model-file/index.js';
import { FLOAT } from './retype.js';

/** onnx.TensorProto.DataType. */
const BFLOAT16 = 16;
const INT = 2;
/** Attributes that name an element type, whatever the operator. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype', 'stash_type']);
const SUFFIX = '.bfloat16';

/** The type of a weight where it stands as an input of a graph, to be asked for types: it is read by a cast to float32 alone. */
export function typeAsInput({ data_type: type = 0 }: TensorProto): number {
  return type === BFLOAT16 ? FLOAT : type;
}

/** A model's file, which computes in float32 where it is in bfloat16. Throws as `loadModelFile` does. */
export function loadWidened(modelPath: string): ModelFile {
  const file = loadModelFile(modelPath);
  widenBfloat16(file.model);
  return file;
}

/**
 * A model in bfloat16 as one that computes in float32, in place: ONNX Runtime has hardly a bfloat16 kernel for the CPU, and its Node.js binding knows no
 * such tensors. Weights stay as they are in their files, and are widened where they are read (exactly: a bfloat16 is the first half of a float32).
 */
function widenBfloat16(model: ModelProto): void {
  if (model.graph) widenGraph(model.graph);
  for (const { node = [] } of model.functions ?? []) for (const one of node) widenAttributes(one);
}

function widenGraph(graph: GraphProto): void {
  const casts: NodeProto[] = [];
  const stored: TensorProto[] = [];
  /** What takes the place of a tensor of this name. */
  const widened = (tensor: TensorProto, name: string): TensorProto => {
    if (tensor.data_type !== BFLOAT16) return { ...tensor, name };
    if (tensor.data_location !== 1) return inMemory(tensor, name);
    casts.push(castOf(`${name}${SUFFIX}`, name));
    return { ...tensor, name: `${name}${SUFFIX}` };
  };
  for (const tensor of graph.initializer ?? []) stored.push(widened(tensor, tensor.name ?? ''));
  const nodes: NodeProto[] = [];
  for (const node of graph.node ?? []) {
    const constant =
      node.op_type === 'Constant' ? node.attribute?.find(({ name }) => name === 'value')?.t : undefined;
    if (constant?.data_type === BFLOAT16) {
      stored.push(widened(constant, node.output?.[0] ?? ''));
      continue;
    }
    widenAttributes(node);
    nodes.push(node);
  }
  for (const value of [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.value_info ?? [])])
    widenValue(value);
  graph.initializer = stored;
  graph.node = [...casts, ...nodes];
}

function widenAttributes(node: NodeProto): void {
  for (const attribute of node.attribute ?? []) {
    if (isType(attribute)) attribute.i = FLOAT;
    if (attribute.t?.data_type === BFLOAT16) attribute.t = inMemory(attribute.t, attribute.t.name ?? '');
    if (attribute.g) widenGraph(attribute.g);
    for (const graph of attribute.graphs ?? []) widenGraph(graph);
  }
}

function isType({ name = '', type, i }: AttributeProto): boolean {
  return type === INT && TYPE_ATTRIBUTES.has(name) && Number(i ?? 0) === BFLOAT16;
}

function widenValue({ type }: ValueInfoProto): void {
  const tensor = type?.tensor_type;
  if (tensor?.elem_type === BFLOAT16) tensor.elem_type = FLOAT;
}

/** A tensor whose data is in memory, as float32. */
function inMemory({ dims, raw_data: raw, int32_data: whole }: TensorProto, name: string): TensorProto {
  const halves = raw?.length ? new Uint16Array(Uint8Array.from(raw).buffer) : Uint16Array.from(whole ?? []);
  const bits = Uint32Array.from(halves, (half) => (half << 16) >>> 0);
  return { name, dims: dims ?? [], data_type: FLOAT, raw_data: new Uint8Array(bits.buffer) };
}

function castOf(from: string, to: string): NodeProto {
  return {
    name: to,
    op_type: 'Cast',
    input: [from],
    output: [to],
    attribute: [{ name: 'to', type: INT, i: FLOAT }],
  };
}
