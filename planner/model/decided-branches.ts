import {
  type GraphProto,
  liveNodes,
  type NodeProto,
  onnxTypeOf,
  readsOf,
  subgraphs,
  tensorData,
  type TensorProto,
  writesOf,
} from '../../common/model-file/index.js';
import type { InferredValue } from './infer-values.js';
import { constantOf, type Skeleton, withOwnNames } from './skeleton.js';

/** A skeleton without the branches that it does not decide, and the values that they make, by name, with their onnx.TensorProto.DataType. */
interface HiddenBranches {
  readonly skeleton: Skeleton;
  readonly unknown: ReadonlyMap<string, number>;
  /** What was taken out, in order of execution. */
  readonly hidden: readonly NodeProto[];
}

/**
 * Takes every `If` out whose condition is not known yet: at static shapes the branch that is not taken need not fit (a squeeze of a dimension
 * that is not 1), and ONNX Runtime refuses the whole graph for it. Those named in `kept` stay, as does one whose outputs' types are not known.
 */
export function hideBranches(
  skeleton: Skeleton,
  asItCame: ReadonlyMap<string, InferredValue>,
  kept: ReadonlySet<string>,
): HiddenBranches {
  const unknown = new Map<string, number>();
  const hidden = skeleton.nodes.filter((node) => {
    if (node.op_type !== 'If' || (node.domain ?? '') !== '' || kept.has(node.name ?? '')) return false;
    const types = typesOf(node, asItCame);
    for (const [name, type] of types ?? []) unknown.set(name, type);
    return types !== undefined;
  });
  const isHidden = new Set(hidden);
  return {
    skeleton: { ...skeleton, nodes: skeleton.nodes.filter((node) => !isHidden.has(node)) },
    unknown,
    hidden,
  };
}

/** Element types of an `If`'s outputs; undefined where one is not known. */
function typesOf(
  node: NodeProto,
  asItCame: ReadonlyMap<string, InferredValue>,
): [string, number][] | undefined {
  const [branch] = subgraphs(node);
  const types: [string, number][] = [];
  for (const [index, name] of (node.output ?? []).entries()) {
    if (name === '') continue;
    const dtype = asItCame.get(name)?.dtype;
    const type =
      dtype === undefined ? branch?.output?.[index]?.type?.tensor_type?.elem_type : onnxTypeOf(dtype);
    if (!type) return undefined;
    types.push([name, type]);
  }
  return types;
}

/** The skeleton with the branch that is taken in place of every `If` whose condition is a constant; the same skeleton if there is none. */
export function takeBranches(skeleton: Skeleton): Skeleton {
  let taken = skeleton;
  for (;;) {
    const decided = taken.nodes.find((node) => branchOf(node, taken) !== undefined);
    if (decided === undefined) return taken;
    taken = withBranch(taken, decided, branchOf(decided, taken) ?? {});
  }
}

/** The branch that an `If` takes; undefined for other nodes, where that is not known, and where the branch has sparse weights. */
function branchOf(node: NodeProto, { constants, volatile }: Skeleton): GraphProto | undefined {
  if (node.op_type !== 'If' || (node.domain ?? '') !== '') return undefined;
  const name = node.input?.[0] ?? '';
  const condition = constants.get(name);
  if (condition === undefined || volatile.has(name)) return undefined;
  const value = tensorData(condition)?.[0];
  if (value === undefined) return undefined;
  const wanted = value === 0 ? 'else_branch' : 'then_branch';
  const branch = (node.attribute ?? []).find((attribute) => attribute.name === wanted)?.g ?? undefined;
  return (branch?.sparse_initializer ?? []).length > 0 ? undefined : branch;
}

function withBranch(skeleton: Skeleton, node: NodeProto, branch: GraphProto): Skeleton {
  const others = skeleton.nodes.filter((other) => other !== node);
  const names = freshNames(branch, namesIn(others, skeleton));
  const constants = new Map(skeleton.constants);
  const nodes: NodeProto[] = [];
  const made = new Set((branch.node ?? []).flatMap(writesOf));
  const handedOn: NodeProto[] = [];
  (node.output ?? []).forEach((output, index) => {
    const source = branch.output?.[index]?.name ?? '';
    if (output === '') return;
    // A value of the branch takes the name that the graph around it reads; what is no such value, or is handed out twice, is passed on.
    if (made.delete(source)) names.set(source, output);
    else
      handedOn.push({
        name: `${node.name ?? ''}/${output}`,
        op_type: 'Identity',
        input: [source],
        output: [output],
      });
  });
  const add = (tensor: TensorProto, name: string): void => {
    constants.set(names.get(name) ?? name, { ...tensor, name: names.get(name) ?? name });
  };
  for (const tensor of branch.initializer ?? []) add(tensor, tensor.name ?? '');
  for (const inner of branch.node ?? []) {
    const tensor = constantOf(inner);
    const output = inner.output?.[0] ?? '';
    // The graph's own output must be made by a node.
    if (tensor !== undefined && !skeleton.outputs.includes(names.get(output) ?? '')) add(tensor, output);
    else nodes.push({ ...renamed(inner, names), name: `${node.name ?? ''}/${inner.name ?? ''}` });
  }
  nodes.push(...handedOn.map((identity) => renamed(identity, names)));
  const all = skeleton.nodes.flatMap((other) => (other === node ? nodes : [other]));
  // What only the other branch read is not needed any more.
  const live = liveNodes(withOwnNames(all), skeleton.outputs);
  const read = new Set(live.flatMap(readsOf));
  const stillRead = <T>(table: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...table].filter(([name]) => read.has(name)));
  return {
    ...skeleton,
    nodes: live,
    constants: stillRead(constants),
    volatile: new Set([...skeleton.volatile].filter((name) => read.has(name))),
    weights: stillRead(skeleton.weights),
  };
}

/** New names for values of a branch whose names the graph around it, or a branch in it, has too. */
function freshNames(branch: GraphProto, taken: Set<string>): Map<string, string> {
  const names = new Map<string, string>();
  const own = [
    ...(branch.initializer ?? []).map(({ name }) => name ?? ''),
    ...(branch.node ?? []).flatMap(writesOf),
  ];
  for (const name of own) {
    if (!taken.has(name)) continue;
    let fresh = `${name}/taken`;
    for (let copy = 1; taken.has(fresh); copy++) fresh = `${name}/taken#${copy}`;
    taken.add(fresh);
    names.set(name, fresh);
  }
  return names;
}

/** Every name that nodes, and the graphs in them, make, with those of stored tensors and inputs. */
function namesIn(nodes: readonly NodeProto[], { constants, weights, inputs }: Skeleton): Set<string> {
  const names = new Set([...constants.keys(), ...weights.keys(), ...inputs.map(({ name }) => name)]);
  const visit = (node: NodeProto): void => {
    for (const name of writesOf(node)) names.add(name);
    for (const graph of subgraphs(node)) {
      for (const { name } of graph.initializer ?? []) names.add(name ?? '');
      for (const inner of graph.node ?? []) visit(inner);
    }
  };
  for (const node of nodes) visit(node);
  return names;
}

/** A node that reads and makes values under new names, as do the graphs in it. */
function renamed(node: NodeProto, names: ReadonlyMap<string, string>): NodeProto {
  const rename = (name: string): string => names.get(name) ?? name;
  const inGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    node: (graph.node ?? []).map((inner) => renamed(inner, names)),
    output: (graph.output ?? []).map((output) => ({ ...output, name: rename(output.name ?? '') })),
  });
  return {
    ...node,
    input: (node.input ?? []).map(rename),
    output: (node.output ?? []).map(rename),
    attribute: (node.attribute ?? []).map((attribute) => {
      if (attribute.g) return { ...attribute, g: inGraph(attribute.g) };
      return attribute.graphs?.length ? { ...attribute, graphs: attribute.graphs.map(inGraph) } : attribute;
    }),
  };
}
