import {
  type GraphProto,
  int64,
  liveNodes,
  type ModelFile,
  type ModelProto,
  type NodeProto,
  orderNodes,
  readsOf,
  subgraphs,
  type TensorProto,
  visitTensors,
  writesOf,
} from '../../common/model-file/index.js';
import type { ValueSpec } from '../../common/tensor/index.js';
import type { GraphRoles } from './graph-roles.js';

/** A noise predictor at static shapes, taken apart; its weights are known by name, type and place, and not read. */
export interface Skeleton {
  /** Everything but the graph: IR version, operator sets, local functions, metadata. */
  readonly rest: Omit<ModelProto, 'graph'>;
  /** Nodes that the noise prediction depends on, in order of execution, each with a name of its own. */
  readonly nodes: readonly NodeProto[];
  /** Small tensors, their data in memory, by name. */
  readonly constants: ReadonlyMap<string, TensorProto>;
  /**
   * Of the constants, those that follow from an open dimension and that numbers are computed from. Segments hold them as initializers that could
   * be overridden: ONNX Runtime then computes and fuses nothing ahead that it would not in the untouched model, and rounds as there.
   */
  readonly volatile: ReadonlySet<string>;
  /** Tensors whose data is in a file, by name. */
  readonly weights: ReadonlyMap<string, TensorProto>;
  readonly sparse: NonNullable<GraphProto['sparse_initializer']>;
  readonly inputs: readonly ValueSpec[];
  /** Dimensions of the inputs as the model declares them; undefined where they are open. */
  readonly declaredDims: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** Values that are wanted: the noise prediction, or the outputs and states of a single-pass model. */
  readonly outputs: readonly string[];
  /** Values whose shape the model as it came asks for in every run, since it is open there. Known once the skeleton is folded. */
  readonly shapeReads: ReadonlySet<string>;
  /** Folder that the model's external data is relative to. */
  readonly folder: string;
}

/** Takes a model apart. The tensors of `Constant` nodes, and large ones in branches, become initializers of the graph. */
export function skeletonOf(
  file: ModelFile,
  { inputs: declared, outputs }: Pick<GraphRoles, 'inputs' | 'outputs'>,
  inputs: readonly ValueSpec[],
): Skeleton {
  const { graph, ...rest } = file.model;
  const constants = new Map<string, TensorProto>();
  const weights = new Map<string, TensorProto>();
  const add = (tensor: TensorProto): void => {
    (tensor.data_location === 1 ? weights : constants).set(tensor.name ?? '', tensor);
  };
  for (const tensor of graph?.initializer ?? []) add(tensor);
  const taken = namesOf(graph ?? {});
  const nodes: NodeProto[] = [];
  for (const node of liveNodes(inOrder(graph?.node ?? []), outputs)) {
    const tensor = constantOf(node);
    if (tensor !== undefined) add({ ...tensor, name: node.output?.[0] ?? '' });
    else nodes.push(liftWeights(node, taken, add));
  }
  const read = new Set(nodes.flatMap(readsOf));
  for (const table of [constants, weights])
    for (const name of table.keys()) if (!read.has(name)) table.delete(name);
  return {
    // Initializers that are no inputs need IR version 4.
    rest: { ...rest, ir_version: Math.max(4, int64(rest.ir_version)) },
    nodes: withOwnNames(nodes),
    constants,
    volatile: new Set(),
    weights,
    sparse: (graph?.sparse_initializer ?? []).filter((tensor) => read.has(tensor.values?.name ?? '')),
    inputs,
    declaredDims: new Map(
      declared.map(({ name, dims }) => [
        name,
        dims.map((dim) => (typeof dim === 'number' ? dim : undefined)),
      ]),
    ),
    outputs,
    shapeReads: new Set(),
    folder: file.folder,
  };
}

/** ONNX wants nodes in order of execution; a file that has them otherwise is put right. */
function inOrder(nodes: readonly NodeProto[]): readonly NodeProto[] {
  const written = new Set(nodes.flatMap(writesOf));
  const known = new Set<string>();
  const isSorted = nodes.every((node) => {
    const ready = readsOf(node).every((name) => !written.has(name) || known.has(name));
    for (const name of writesOf(node)) known.add(name);
    return ready;
  });
  return isSorted
    ? nodes
    : orderNodes(
        nodes,
        nodes.map((_, index) => index),
      );
}

/** onnx.TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;

/** The tensor of a `Constant` node; undefined for other nodes, and for constants that are text or sparse. */
export function constantOf(node: NodeProto): TensorProto | undefined {
  if (node.op_type !== 'Constant' || (node.domain ?? '') !== '') return undefined;
  const [attribute] = node.attribute ?? [];
  switch (attribute?.name) {
    case 'value':
      return attribute.t ?? undefined;
    case 'value_float':
      return { dims: [], data_type: FLOAT, float_data: [attribute.f ?? 0] };
    case 'value_floats':
      return { dims: [attribute.floats?.length ?? 0], data_type: FLOAT, float_data: attribute.floats ?? [] };
    case 'value_int':
      return { dims: [], data_type: INT64, int64_data: [attribute.i ?? 0] };
    case 'value_ints':
      return { dims: [attribute.ints?.length ?? 0], data_type: INT64, int64_data: attribute.ints ?? [] };
    default:
      return undefined;
  }
}

/** All names of a graph and of the graphs in it. */
function namesOf(graph: GraphProto): Set<string> {
  const names = new Set<string>();
  const visit = (one: GraphProto): void => {
    for (const { name } of [...(one.input ?? []), ...(one.initializer ?? [])]) names.add(name ?? '');
    for (const node of one.node ?? []) {
      for (const name of node.output ?? []) names.add(name);
      for (const inner of subgraphs(node)) visit(inner);
    }
  };
  visit(graph);
  return names;
}

/** Makes the large tensors of a node's branches weights of the graph around it, which branches read as well as their own. */
function liftWeights(node: NodeProto, taken: Set<string>, add: (tensor: TensorProto) => void): NodeProto {
  for (const graph of subgraphs(node)) liftFrom(graph, taken, add);
  return node;
}

function liftFrom(graph: GraphProto, taken: Set<string>, add: (tensor: TensorProto) => void): void {
  const renamed = new Map<string, string>();
  const lift = (tensor: TensorProto, name: string): void => {
    let fresh = `${name}/lifted`;
    for (let copy = 1; taken.has(fresh); copy++) fresh = `${name}/lifted#${copy}`;
    taken.add(fresh);
    renamed.set(name, fresh);
    add({ ...tensor, name: fresh });
  };
  graph.initializer = (graph.initializer ?? []).filter((tensor) => {
    if (tensor.data_location !== 1) return true;
    lift(tensor, tensor.name ?? '');
    return false;
  });
  graph.node = (graph.node ?? []).filter((node) => {
    const tensor = constantOf(node);
    if (tensor?.data_location !== 1) return true;
    lift(tensor, node.output?.[0] ?? '');
    return false;
  });
  if (renamed.size > 0) rename(graph, renamed);
  for (const node of graph.node) for (const inner of subgraphs(node)) liftFrom(inner, taken, add);
}

/** Renames what a graph, and the graphs in it, read. */
function rename(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  for (const node of graph.node ?? []) {
    node.input = (node.input ?? []).map((name) => names.get(name) ?? name);
    for (const inner of subgraphs(node)) rename(inner, names);
  }
  // An output must be made in its graph: a weight that is handed out as it is goes through an Identity.
  for (const output of graph.output ?? []) {
    const fresh = names.get(output.name ?? '');
    if (fresh !== undefined) {
      (graph.node ??= []).push({
        name: `${fresh}/out`,
        op_type: 'Identity',
        input: [fresh],
        output: [output.name ?? ''],
      });
    }
  }
}

/** Nodes each with a name that no other has. */
export function withOwnNames(nodes: readonly NodeProto[]): NodeProto[] {
  const names = new Set<string>();
  return nodes.map((node, index) => {
    const base = node.name || `${node.op_type ?? 'node'}_${index}`;
    let name = base;
    for (let copy = 1; names.has(name); copy++) name = `${base}#${copy}`;
    names.add(name);
    return { ...node, name };
  });
}

/** Every tensor in the nodes and local functions of a skeleton. */
export function visitNodeTensors(
  { nodes, rest }: Pick<Skeleton, 'nodes' | 'rest'>,
  visit: (tensor: TensorProto) => void,
): void {
  visitTensors({ node: [...nodes] }, visit);
  for (const { node = [] } of rest.functions ?? []) visitTensors({ node }, visit);
}
