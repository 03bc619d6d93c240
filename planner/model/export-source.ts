import { AsyncDiffError } from '../../common/errors/index.js';
import {
  decodeModel,
  encodeModel,
  namedByContent,
  type NodeProto,
  readsOf,
  storedBytes,
  type TensorProto,
  writesOf,
} from '../../common/model-file/index.js';
import { weightsBehind } from './build-cost-graph.js';
import { HalfRounding } from './half-rounding.js';
import type { ModelTensors } from './model-tensors.js';
import type { PreparedModel } from './prepared-model.js';
import type { Skeleton } from './skeleton.js';

/** What segments are made from. */
export interface ExportSource {
  readonly prepared: Pick<PreparedModel, 'graph' | 'folded'>;
  readonly rest: Skeleton['rest'];
  /** In the order of `CostGraph.nodes`. */
  readonly nodes: readonly NodeProto[];
  /** Nodes that read weights and constants only, in order. */
  readonly constantNodes: readonly NodeProto[];
  /** Of a float16 model: where it rounds. */
  readonly rounding: () => HalfRounding;
  /** Initializers by name: small ones with their data, weights named by content. */
  readonly stored: ReadonlyMap<string, TensorProto>;
}

/** Throws `internal` where the graph was changed since it was costed. */
export function exportSource(
  prepared: Pick<PreparedModel, 'graph' | 'folded'>,
  tensors: ModelTensors,
): ExportSource {
  const { skeleton } = prepared.folded;
  const behind = weightsBehind(skeleton);
  const isConstant = (node: NodeProto): boolean => writesOf(node).some((name) => behind.has(name));
  const byContent = (tensor: TensorProto): TensorProto => {
    const sha256 = tensors.sha256(tensor);
    return sha256 === undefined ? tensor : namedByContent(tensor, sha256, storedBytes(tensor));
  };
  const nodes = skeleton.nodes.filter((node) => !isConstant(node));
  if (nodes.length !== prepared.graph.nodes.length)
    throw new AsyncDiffError('internal', 'the nodes of the graph are not those that were costed');
  let rounding: HalfRounding | undefined;
  return {
    prepared,
    rest: functionsByContent(skeleton.rest, byContent),
    nodes,
    rounding: () => (rounding ??= new HalfRounding(prepared.graph, skeleton)),
    constantNodes: skeleton.nodes.filter(isConstant),
    stored: new Map(
      [...skeleton.constants, ...skeleton.weights].map(([name, tensor]) => [name, byContent(tensor)]),
    ),
  };
}

/** The same with the large tensors of local functions named by content. */
function functionsByContent(
  rest: Skeleton['rest'],
  byContent: (tensor: TensorProto) => TensorProto,
): Skeleton['rest'] {
  if ((rest.functions ?? []).length === 0) return rest;
  const probe = { name: '', op_type: 'Identity', input: [''], output: [''] };
  const copy = decodeModel(encodeModel({ ...rest, graph: { node: [probe] } }), 'local functions');
  for (const { node = [] } of copy.functions ?? []) {
    for (const { attribute = [] } of node)
      for (const one of attribute) if (one.t?.data_location === 1) one.t = byContent(one.t);
  }
  return { ...rest, functions: copy.functions ?? [] };
}

/** The nodes that make constants which `nodes` read, and those behind them, in order. */
export function constantNodesOf(
  { constantNodes }: Pick<ExportSource, 'constantNodes'>,
  nodes: readonly NodeProto[],
): NodeProto[] {
  const read = new Set(nodes.flatMap(readsOf));
  const needed = constantNodes.toReversed().filter((node) => {
    if (!writesOf(node).some((name) => read.has(name))) return false;
    for (const name of readsOf(node)) read.add(name);
    return true;
  });
  return needed.reverse();
}
