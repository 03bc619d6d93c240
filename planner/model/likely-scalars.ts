import {
  type NodeProto,
  readsOf,
  type TensorProto,
  tensorDims,
  writesOf,
} from '../../common/model-file/index.js';

/** Operators that take one element out of a tensor, as shape arithmetic does. */
const TAKES_ONE = new Set(['Gather', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceSum', 'Size', 'Squeeze']);
/** Operators that give a scalar for scalars. */
const KEEPS_RANK = new Set(
  'Abs Add And Cast Ceil Clip Div Equal Floor Greater Identity Less Max Min Mod Mul Neg Not Or Pow Round Sqrt Sub Where'.split(
    ' ',
  ),
);

/** Values that may well be scalars, by the operators that make them. A guess: a few of them are not, and others are. */
export function likelyScalars(
  nodes: readonly NodeProto[],
  constants: ReadonlyMap<string, TensorProto>,
): ReadonlySet<string> {
  const likely = new Set<string>();
  const isConstantScalar = (name: string): boolean => {
    const tensor = constants.get(name);
    return tensor !== undefined && tensorDims(tensor).length === 0;
  };
  for (const node of nodes) {
    const type = node.op_type ?? '';
    const reads = readsOf(node);
    const isLikely =
      TAKES_ONE.has(type) ||
      (KEEPS_RANK.has(type) &&
        reads.some((name) => likely.has(name)) &&
        reads.every((name) => likely.has(name) || isConstantScalar(name)));
    if (isLikely) for (const name of writesOf(node)) likely.add(name);
  }
  return likely;
}
