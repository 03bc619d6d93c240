import type { GraphProto, NodeProto, SparseTensorProto, TensorProto } from './onnx-proto.js';

/** Graphs in a node's attributes (branches of `If`, bodies of `Loop` and `Scan`). */
export function subgraphs(node: NodeProto): GraphProto[] {
  const graphs: GraphProto[] = [];
  for (const attribute of node.attribute ?? []) {
    if (attribute.g) graphs.push(attribute.g);
    graphs.push(...(attribute.graphs ?? []));
  }
  return graphs;
}

/** Names that a graph reads from the scopes around it. */
function captures(graph: GraphProto): Set<string> {
  const inside = new Set<string>();
  for (const input of graph.input ?? []) inside.add(input.name ?? '');
  for (const tensor of graph.initializer ?? []) inside.add(tensor.name ?? '');
  for (const sparse of graph.sparse_initializer ?? []) inside.add(sparse.values?.name ?? '');
  for (const node of graph.node ?? []) for (const output of node.output ?? []) inside.add(output);
  const outside = new Set<string>();
  const read = (name: string): void => {
    if (name !== '' && !inside.has(name)) outside.add(name);
  };
  for (const node of graph.node ?? []) for (const name of readsOf(node)) read(name);
  // A branch may hand an outer value straight back as its output.
  for (const output of graph.output ?? []) read(output.name ?? '');
  return outside;
}

/** Every name that a node reads, each once: its inputs, and what its subgraphs capture. */
export function readsOf(node: NodeProto): string[] {
  const names = new Set<string>();
  for (const name of node.input ?? []) if (name !== '') names.add(name);
  for (const graph of subgraphs(node)) for (const name of captures(graph)) names.add(name);
  return [...names];
}

/** The names of a node's outputs, without those left out. */
export function writesOf(node: NodeProto): string[] {
  return (node.output ?? []).filter((name) => name !== '');
}

/** Calls `visit` for every tensor stored in a graph: initializers and attributes, subgraphs included. */
export function visitTensors(graph: GraphProto, visit: (tensor: TensorProto) => void): void {
  const sparse = (tensor: SparseTensorProto | null | undefined): void => {
    if (tensor?.values) visit(tensor.values);
    if (tensor?.indices) visit(tensor.indices);
  };
  for (const tensor of graph.initializer ?? []) visit(tensor);
  for (const tensor of graph.sparse_initializer ?? []) sparse(tensor);
  for (const node of graph.node ?? []) {
    for (const attribute of node.attribute ?? []) {
      if (attribute.t) visit(attribute.t);
      for (const tensor of attribute.tensors ?? []) visit(tensor);
      sparse(attribute.sparse_tensor);
      for (const tensor of attribute.sparse_tensors ?? []) sparse(tensor);
    }
    for (const inner of subgraphs(node)) visitTensors(inner, visit);
  }
}

/** Index of the node that writes each value. */
export function producers(nodes: readonly NodeProto[]): Map<string, number> {
  const byValue = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of writesOf(node)) byValue.set(name, index);
  });
  return byValue;
}

/** The nodes that some of `outputs` depend on, in their order. */
export function liveNodes(nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] {
  const producer = producers(nodes);
  const live = new Set<number>();
  const todo = [...outputs];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const index = producer.get(name);
    if (index === undefined || live.has(index)) continue;
    live.add(index);
    const node = nodes[index];
    if (node) todo.push(...readsOf(node));
  }
  return nodes.filter((_, index) => live.has(index));
}

/**
 * The nodes in the topological order nearest to `keys`: among the nodes whose inputs are all there, the one with the
 * smallest key comes next, and of equal keys the earlier one. Where the keys are such an order already, it is theirs.
 */
export function orderNodes(nodes: readonly NodeProto[], keys: readonly number[]): NodeProto[] {
  const producer = producers(nodes);
  const waiting = nodes.map(
    (node) => new Set(readsOf(node).flatMap((name) => (producer.has(name) ? [producer.get(name) ?? 0] : []))),
  );
  const consumers = new Map<number, number[]>();
  waiting.forEach((needs, index) => {
    for (const need of needs) consumers.set(need, [...(consumers.get(need) ?? []), index]);
  });
  const before = (a: number, b: number): number => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b;
  const ready = nodes.flatMap((_, index) => (waiting[index]?.size === 0 ? [index] : []));
  const ordered: NodeProto[] = [];
  while (ready.length > 0) {
    const next = ready.reduce((best, index) => (before(index, best) < 0 ? index : best));
    ready.splice(ready.indexOf(next), 1);
    const node = nodes[next];
    if (node) ordered.push(node);
    for (const consumer of consumers.get(next) ?? []) {
      waiting[consumer]?.delete(next);
      if (waiting[consumer]?.size === 0) ready.push(consumer);
    }
  }
  return ordered;
}
