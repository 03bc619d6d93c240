import {
  type NodeProto,
  onnxTypeOf,
  readsOf,
  storedBytes,
  subgraphs,
  tensorDims,
  type TensorProto,
} from '../../common/model-file/index.js';
import { castNode, PRECISION_FREE } from './session-casts.js';
import type { ExportSource } from './export-source.js';
import { HALF_KERNELS } from './half-rounding.js';

/** Smaller ones are not worth a node. */
const MIN_BYTES = 4096;

/*
 * Where ONNX Runtime runs a float16 model on the CPU, it widens every weight in every run, in a cast of its own. Nodes run in the order of a walk back from the
 * outputs that goes to a node's newest input first, and those casts are newer than everything that is in the file: so they run before what leads to the node that
 * needs them, and half to nine tenths of a part's weights lie in memory in float32 at once. Behind a node that stands before all others in the file they run when their
 * turn has come, and give their memory back to the next one.
 */

/** What stands for the weights of a part. */
interface LateWeights {
  /** Before all other nodes. */
  readonly casts: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
  /** Weights that the casts read: such that could be overridden, else ONNX Runtime takes the casts for constants. */
  readonly weights: ReadonlySet<string>;
  readonly own: readonly NodeProto[];
}

/** A part's nodes, and before them the widening of each float16 weight that nodes without a float16 kernel, and nobody else, read. */
export function widenedLate(
  { stored }: Pick<ExportSource, 'stored'>,
  constant: readonly NodeProto[],
  own: readonly NodeProto[],
): LateWeights {
  const elsewhere = new Set([
    ...constant.flatMap(readsOf),
    // What a node has inside reads by the names that are outside.
    ...own
      .filter((node) => HALF_KERNELS.has(node.op_type ?? '') || subgraphs(node).length > 0)
      .flatMap(readsOf),
  ]);
  const isLate = (name: string): boolean => {
    const tensor = stored.get(name);
    if (tensor?.data_type !== onnxTypeOf('float16') || tensor.data_location !== 1) return false;
    return !elsewhere.has(name) && storedBytes(tensor) >= MIN_BYTES;
  };
  const weights = new Set(own.flatMap(readsOf).filter(isLate));
  const ranks = new Set([...weights].map((name) => tensorDims(stored.get(name)!).length));
  return {
    casts: [...weights].flatMap((name) => castsOf(name, tensorDims(stored.get(name)!).length)),
    // In the shape of a `Reshape` 0 is the length that it was.
    constants: [...ranks].map((rank) => ({
      name: sameShape(rank),
      dims: [rank],
      data_type: onnxTypeOf('int64'),
      int64_data: Array.from({ length: rank }, () => 0),
    })),
    weights,
    own: own.map((node) => ({
      ...node,
      input: (node.input ?? []).map((name) => (weights.has(name) ? lateName(name) : name)),
    })),
  };
}

/** To float32 and back. The way back cancels with ONNX Runtime's own cast; the `Reshape`, which copies nothing, keeps it from cancelling with the way there. */
function castsOf(name: string, rank: number): NodeProto[] {
  const [wide, same] = [`${lateName(name)}/wide`, `${lateName(name)}/same`];
  return [
    castNode(`asyncdiff_widen/${name}`, name, wide, 'float32'),
    { name: same, op_type: 'Reshape', input: [wide, sameShape(rank)], output: [same] },
    castNode(`${PRECISION_FREE}asyncdiff_late/${name}`, same, lateName(name), 'float16'),
  ];
}

function lateName(name: string): string {
  return `asyncdiff_late/${name}`;
}

function sameShape(rank: number): string {
  return `asyncdiff_shape_of_rank_${rank}`;
}
