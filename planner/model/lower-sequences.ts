import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type GraphProto,
  int64,
  type ModelProto,
  type NodeProto,
  readsOf,
  tensorData,
  type TensorProto,
  tensorDims,
  writesOf,
} from '../../common/model-file/index.js';

/** What they make is a sequence of tensors. */
const SEQUENCES = /^(SplitToSequence|Sequence(Construct|Empty|Insert|Erase|Map))$/;
const INT64 = 7;
const INT32 = 6;
const PREFIX = 'asyncdiff.sequence.';
/** Beyond every axis: the end of a slice that goes to the end. */
const END = 2 ** 31 - 1;

/**
 * Sequences of tensors that exporters write for `unbind`, `chunk` and `split` (SplitToSequence, SequenceConstruct, read by SequenceAt), in place, as
 * slices of the tensor or as the tensors themselves: no number is computed, and every value is then a tensor that can be a cut. A sequence that is read
 * otherwise, or at a place that is computed, stays; see {@link checkSequences}.
 */
export function lowerSequences(model: ModelProto): void {
  const { graph } = model;
  if (!graph?.node?.some(({ op_type: type }) => type === 'SplitToSequence' || type === 'SequenceConstruct'))
    return;
  const constants = constantsOf(graph);
  const added: TensorProto[] = [];
  const makers = new Map(
    graph.node.flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)),
  );
  graph.node = graph.node.flatMap((node): NodeProto[] => {
    if (node.op_type !== 'SequenceAt') return [node];
    const [sequence = '', position = ''] = node.input ?? [];
    const maker = makers.get(sequence);
    const [at] = constants.get(position)?.values ?? [];
    if (maker === undefined || at === undefined) return [node];
    if (maker.op_type === 'SequenceConstruct') {
      const element = maker.input?.at(at);
      return element === undefined ? [node] : [{ ...node, op_type: 'Identity', input: [element] }];
    }
    return maker.op_type === 'SplitToSequence'
      ? (sliceAt(node, maker, at, { constants, added }) ?? [node])
      : [node];
  });
  graph.initializer = [...(graph.initializer ?? []), ...added];
}

/** Whole numbers that stand in the file. */
interface Known {
  readonly values: readonly number[];
  /** Whether they are a list, if of one; else a single number. */
  readonly isList: boolean;
}

/**
 * Nothing that is left may go from node to node as a sequence: no worker sends one, and a cut could go through it.
 * @throws AsyncDiffError `model_unsupported`
 */
export function checkSequences(nodes: readonly NodeProto[]): void {
  const makers = new Map(
    nodes.flatMap((node) => writesOf(node).map((name) => [name, node.op_type ?? ''] as const)),
  );
  for (const node of nodes) {
    const name = readsOf(node).find((one) => SEQUENCES.test(makers.get(one) ?? ''));
    if (name === undefined) continue;
    throw new AsyncDiffError(
      'model_unsupported',
      `${name} is a sequence of tensors (${makers.get(name)}), which ${node.op_type} reads otherwise than at a place that is known before it is run`,
      { hint: 'Export the model with Split in place of such sequences.' },
    );
  }
}

interface Around {
  readonly constants: ReadonlyMap<string, Known>;
  readonly added: TensorProto[];
}

/** What SequenceAt reads of a SplitToSequence, as a slice; undefined where its place is not known before it is run. */
function sliceAt(reader: NodeProto, split: NodeProto, at: number, around: Around): NodeProto[] | undefined {
  const { constants, added } = around;
  const [input = '', sizes = ''] = split.input ?? [];
  const attribute = (name: string, fallback: number): number => {
    const found = split.attribute?.find((one) => one.name === name)?.i;
    return found === undefined ? fallback : int64(found);
  };
  const given = sizes === '' ? { values: [1], isList: false } : constants.get(sizes);
  const range = given && rangeOf(given, at);
  const [output = ''] = reader.output ?? [];
  if (range === undefined) return undefined;
  const axis = attribute('axis', 0);
  const constant = (name: string, value: number): string => {
    const own = `${PREFIX}${output}.${name}`;
    added.push({ name: own, dims: [1], data_type: INT64, int64_data: [value] });
    return own;
  };
  const axes = constant('axis', axis);
  const ends = [constant('first', range[0]), constant('end', range[1]), axes];
  const isSqueezed = sizes === '' && attribute('keepdims', 1) === 0;
  const slice = (to: string): NodeProto => ({
    name: `${PREFIX}${output}.slice`,
    op_type: 'Slice',
    input: [input, ...ends],
    output: [to],
  });
  if (!isSqueezed) return [slice(output)];
  const whole = `${PREFIX}${output}.whole`;
  const squeeze = {
    name: `${PREFIX}${output}.squeeze`,
    op_type: 'Squeeze',
    input: [whole, axes],
    output: [output],
  };
  return [slice(whole), squeeze];
}

/** First and behind the last of a part: of sizes one by one, or all of one size. From the end only where it is 1. */
function rangeOf({ values: sizes, isList }: Known, at: number): readonly [number, number] | undefined {
  if (isList) {
    const index = at < 0 ? sizes.length + at : at;
    const first = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    const own = sizes[index];
    return own === undefined ? undefined : [first, first + own];
  }
  const [size = 0] = sizes;
  if (at >= 0) return [at * size, (at + 1) * size];
  return size === 1 ? [at, at === -1 ? END : at + 1] : undefined;
}

/** Small whole numbers that are known: of initializers and of Constant nodes. */
function constantsOf(graph: GraphProto): Map<string, Known> {
  const found = new Map<string, Known>();
  const add = (name: string, tensor: TensorProto): void => {
    const bytes = tensor.data_location === 1 ? undefined : tensorData(tensor);
    if (bytes === undefined || (tensor.data_type !== INT64 && tensor.data_type !== INT32)) return;
    const view = Buffer.from(bytes);
    const size = tensor.data_type === INT64 ? 8 : 4;
    const values = Array.from({ length: view.length / size }, (_, i) =>
      size === 8 ? Number(view.readBigInt64LE(i * size)) : view.readInt32LE(i * size),
    );
    found.set(name, { values, isList: tensorDims(tensor).length > 0 });
  };
  for (const tensor of graph.initializer ?? []) add(tensor.name ?? '', tensor);
  for (const { op_type: type, output, attribute = [] } of graph.node ?? []) {
    if (type !== 'Constant') continue;
    const [name = ''] = output ?? [];
    for (const one of attribute) {
      if (one.name === 'value' && one.t) add(name, one.t);
      if (one.name === 'value_int') found.set(name, { values: [int64(one.i)], isList: false });
      if (one.name === 'value_ints')
        found.set(name, { values: (one.ints ?? []).map((whole) => int64(whole)), isList: true });
    }
  }
  return found;
}
