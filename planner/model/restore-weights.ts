import { dtypeOf } from './data-type.js';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from '../../common/model-file/index.js';
import { tensorDims } from './tensor-data.js';
import { int64 } from '../../common/model-file/index.js';

/** A weight, and the folder that its external data (if any) is in. */
export interface StoredWeight {
  readonly tensor: TensorProto;
  readonly folder: string;
}

/** The weights of a folded graph as they are to be stored, and the casts that widen them. */
export interface RestoredWeights {
  readonly weights: readonly StoredWeight[];
  /** `Cast` nodes from a stored weight to the weight that the graph's nodes read. */
  readonly casts: readonly NodeProto[];
}

/**
 * Undoes one thing that folding did: a float16 weight behind a `Cast` became a float32 weight, twice as large. Where a folded
 * weight has the name of such a cast's output, the original float16 weight and the cast come back. ONNX Runtime
 * folds them again where the segment runs, to the same bits.
 */
export function restoreWeights(
  folded: GraphProto,
  foldedFolder: string,
  original: GraphProto,
  originalFolder: string,
): RestoredWeights {
  const sources = new Map((original.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const castOf = new Map<string, NodeProto>();
  for (const node of original.node ?? []) if (isCast(node)) castOf.set(node.output?.[0] ?? '', node);

  const taken = new Set((folded.initializer ?? []).map((tensor) => tensor.name ?? ''));
  const weights: StoredWeight[] = [];
  const casts: NodeProto[] = [];
  for (const tensor of folded.initializer ?? []) {
    const cast = castOf.get(tensor.name ?? '');
    const sourceName = cast?.input?.[0] ?? '';
    const source = sources.get(sourceName);
    if (!cast || !source || !isWidening(cast, source, tensor)) {
      weights.push({ tensor, folder: foldedFolder });
      continue;
    }
    if (!taken.has(sourceName)) {
      taken.add(sourceName);
      weights.push({ tensor: source, folder: originalFolder });
    }
    casts.push(cast);
  }
  return { weights, casts };
}

function isCast(node: NodeProto): boolean {
  return node.op_type === 'Cast' && (node.domain ?? '') === '';
}

function castTarget(node: NodeProto): number {
  const to = (node.attribute ?? []).find((attribute: AttributeProto) => attribute.name === 'to');
  return int64(to?.i);
}

function isWidening(cast: NodeProto, source: TensorProto, folded: TensorProto): boolean {
  return (
    dtypeOf(source.data_type) === 'float16' &&
    dtypeOf(folded.data_type) === 'float32' &&
    castTarget(cast) === folded.data_type &&
    tensorDims(source).join() === tensorDims(folded).join()
  );
}

/** Whether a node only widens a stored weight: it belongs to the weight and is no node of the cost graph. */
export function isWeightCast(node: NodeProto, weightNames: ReadonlySet<string>): boolean {
  return isCast(node) && weightNames.has(node.input?.[0] ?? '');
}
