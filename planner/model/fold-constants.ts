import { AsyncDiffError } from '../../common/errors/index.js';
import {
  isFloat,
  type NodeProto,
  readsOf,
  subgraphs,
  tensorDims,
  writesOf,
} from '../../common/model-file/index.js';
import { type DType, elementCount } from '../../common/tensor/index.js';
import { checkCancelled } from '../../execution/index.js';
import { hideBranches, takeBranches } from './decided-branches.js';
import { evaluate, openShapes, shapeValue } from './constant-values.js';
import { checkConstants } from './constant-limits.js';
import { nodesBehindShapes } from './nodes-behind-shapes.js';
import { type InferredValue, inferValues } from './infer-values.js';
import type { Skeleton } from './skeleton.js';

/** A skeleton without shape arithmetic, and every value's type and static shape. */
export interface FoldedSkeleton {
  readonly skeleton: Skeleton;
  readonly values: ReadonlyMap<string, { readonly dtype: DType; readonly dims: readonly number[] }>;
}

/** Constants of more elements stay computed: ONNX Runtime folds them where the session opens. Shape arithmetic is far below. */
const MAX_FOLDED_ELEMENTS = 4096;
/** Turns of folding and inferring, at most; a torch export of SD 1.5 takes three. */
const MAX_TURNS = 64;

/** Operators that give other numbers each time. */
const RANDOM = /^(Random|Multinomial|Bernoulli)/;
/** Operators that only move data, or give none of their own: what ONNX Runtime folds in float16 on the CPU too. */
const MOVES = new Set(
  'Cast Concat ConstantOfShape Expand Flatten Gather Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(
    ' ',
  ),
);
/** Operators whose output can be huge whatever goes in. */
const GROWS = new Set(['ConstantOfShape', 'Expand', 'Tile', 'Range', 'Pad', 'Resize', 'OneHot', 'EyeLike']);

/** What a fold carries from turn to turn. */
interface FoldState {
  /** Values as far as they are known where the inputs' open dimensions stay open. */
  readonly asItCame: ReadonlyMap<string, InferredValue>;
  /** Constants that follow from an open dimension: in the model as it came they are none. */
  readonly fromOpen: Set<string>;
  /** Names of nodes that shapes depend on, whatever they compute; empty at first. */
  readonly needed: ReadonlySet<string>;
  readonly label: string;
}

/**
 * Computes what depends on shapes and small constants only, until every shape is static: 2,988 nodes of an export of SD 1.5 become 1,667. The
 * other nodes stay as they were exported, under their names, so that every value of the model is there to be cut at, and a session of
 * some of them computes what the untouched model does, on whatever device.
 *
 * Numbers that the untouched model computes in every run (the scale of an attention, from the width of a tensor with an open batch) are computed
 * in every run here too: as constants, ONNX Runtime would fuse them into products that round otherwise. They are left alone unless a
 * shape depends on them.
 *
 * @throws AsyncDiffError `model_invalid`, `model_unsupported` (a shape that depends on the data, a constant of more than 2^26 elements), `cancelled`.
 */
export async function foldConstants(
  start: Skeleton,
  label: string,
  signal: AbortSignal | undefined,
  onTurn: (turn: number) => void = () => undefined,
): Promise<FoldedSkeleton> {
  let skeleton = takeBranches(start);
  const asItCame = await inferValues(start, label, 'declared');
  let state: FoldState = { asItCame, fromOpen: new Set(), needed: new Set(), label };
  const undecided = new Set<string>();
  let inferred: ReadonlyMap<string, InferredValue> = new Map();
  for (let turn = 0; turn < MAX_TURNS + undecided.size; turn++) {
    checkCancelled(signal);
    const { skeleton: visible, unknown, hidden } = hideBranches(skeleton, asItCame, undecided);
    // Where all is known already, what was folded since changes no shape.
    if (hidden.length > 0 || !areStatic(skeleton, inferred))
      inferred = await inferValues(visible, label, 'static', unknown);
    checkCancelled(signal);
    onTurn(turn + 1);
    checkConstants(skeleton, inferred);
    const folded = await foldOnce(skeleton, inferred, state);
    if (folded !== undefined) {
      skeleton = takeBranches(folded);
      continue;
    }
    const [first] = hidden;
    const open =
      first === undefined ? openValues(skeleton, inferred) : hidden.map(({ input = [] }) => input[0] ?? '');
    if (open.length === 0) return { skeleton, values: staticValues(skeleton, inferred) };
    const needed = nodesBehindShapes(skeleton, open);
    if (![...needed].every((name) => state.needed.has(name)))
      state = { ...state, needed: new Set([...state.needed, ...needed]) };
    // Nothing computes this condition ahead: the data decides.
    else if (first !== undefined) undecided.add(first.name ?? '');
    else throw dependsOnData(open);
  }
  throw new AsyncDiffError('model_unsupported', `the shapes of ${label} could not be computed`);
}

/** Whether the shape of every value is known. */
function areStatic({ nodes }: Skeleton, inferred: ReadonlyMap<string, InferredValue>): boolean {
  return nodes.every((node) => writesOf(node).every((name) => inferred.get(name)?.dims !== undefined));
}

/** Values, in order, whose shapes are not known. */
function openValues(skeleton: Skeleton, inferred: ReadonlyMap<string, InferredValue>): string[] {
  return skeleton.nodes.flatMap(writesOf).filter((name) => {
    const value = inferred.get(name);
    return value !== undefined && value.dims === undefined;
  });
}

function dependsOnData([first = '']: readonly string[]): AsyncDiffError {
  return new AsyncDiffError(
    'model_unsupported',
    `the shape of ${first} depends on the data that goes through the model, not only on the shapes of its inputs`,
    { hint: 'Export the model without data-dependent shapes (NonZero, masks that select, If).' },
  );
}

function staticValues(
  skeleton: Skeleton,
  inferred: ReadonlyMap<string, InferredValue>,
): FoldedSkeleton['values'] {
  const values = new Map<string, { dtype: DType; dims: readonly number[] }>();
  for (const { name, dtype, dims } of skeleton.inputs) values.set(name, { dtype, dims });
  for (const name of skeleton.nodes.flatMap(writesOf)) {
    const { dtype, dims } = inferred.get(name) ?? {};
    if (dtype !== undefined && dims !== undefined) values.set(name, { dtype, dims });
  }
  return values;
}

/** The skeleton with what can be computed now as constants; undefined if there is nothing. */
async function foldOnce(
  skeleton: Skeleton,
  inferred: ReadonlyMap<string, InferredValue>,
  state: FoldState,
): Promise<Skeleton | undefined> {
  const { asItCame, fromOpen, label } = state;
  const isOpen = openShapes(skeleton, asItCame);
  const known = new Map(skeleton.constants);
  const shapeOf = new Map(skeleton.inputs.map(({ name, dims }) => [name, dims]));
  for (const [name, tensor] of [...skeleton.constants, ...skeleton.weights])
    shapeOf.set(name, tensorDims(tensor));
  for (const [name, { dims }] of inferred) if (dims !== undefined) shapeOf.set(name, dims);
  const computed = new Set<string>();
  const overridable = new Map<string, string>();
  const toRun: NodeProto[] = [];
  const rest: NodeProto[] = [];
  for (const node of skeleton.nodes) {
    const shape = shapeValue(node, shapeOf);
    if (shape !== undefined) {
      known.set(shape.name ?? '', shape);
      if (isOpen(node)) fromOpen.add(shape.name ?? '');
      continue;
    }
    const reads = readsOf(node);
    const isKnown = (name: string): boolean => known.has(name) || computed.has(name);
    const isVolatile = reads.some((name) => fromOpen.has(name));
    if (reads.every(isKnown) && isFoldable(node, inferred, state, isVolatile)) {
      toRun.push(node);
      for (const name of writesOf(node)) {
        computed.add(name);
        if (isVolatile) fromOpen.add(name);
      }
    } else
      rest.push(givesFloats(node, inferred) ? withOverridable(node, skeleton, fromOpen, overridable) : node);
  }
  if (rest.length === skeleton.nodes.length) return undefined;
  const read = new Set([...rest.flatMap(readsOf), ...overridable.values(), ...skeleton.outputs]);
  const wanted = [...computed].filter((name) => read.has(name));
  for (const tensor of await evaluate(skeleton, toRun, known, wanted, label))
    known.set(tensor.name ?? '', tensor);
  for (const [name, original] of overridable) {
    const tensor = known.get(original);
    if (tensor !== undefined) known.set(name, { ...tensor, name });
    fromOpen.add(name);
  }
  const made = new Set(rest.flatMap(writesOf));
  const constant = skeleton.outputs.find((name) => !made.has(name));
  if (constant !== undefined)
    throw new AsyncDiffError('model_unsupported', `the output ${constant} does not depend on any input`);
  const names = new Set(rest.flatMap(readsOf));
  return {
    ...skeleton,
    nodes: rest,
    constants: new Map([...known].filter(([name]) => names.has(name))),
    volatile: new Set([...skeleton.volatile, ...overridable.keys()].filter((name) => names.has(name))),
    weights: new Map([...skeleton.weights].filter(([name]) => names.has(name))),
  };
}

/** A node that reads, in place of what follows from an open dimension, a copy that ONNX Runtime does not take for a constant. */
function withOverridable(
  node: NodeProto,
  { volatile }: Skeleton,
  fromOpen: ReadonlySet<string>,
  copies: Map<string, string>,
): NodeProto {
  const input = (node.input ?? []).map((name) => {
    if (!fromOpen.has(name) || volatile.has(name)) return name;
    copies.set(`${name}/open`, name);
    return `${name}/open`;
  });
  return { ...node, input };
}

/** Whether a node only makes numbers out of constants: what ONNX Runtime would compute once if it knew them. */
function givesFloats(node: NodeProto, inferred: ReadonlyMap<string, InferredValue>): boolean {
  return (
    node.op_type === 'Cast' && writesOf(node).every((name) => isFloat(inferred.get(name)?.dtype ?? 'int64'))
  );
}

function isFoldable(
  node: NodeProto,
  inferred: ReadonlyMap<string, InferredValue>,
  { needed }: FoldState,
  isVolatile: boolean,
): boolean {
  const type = node.op_type ?? '';
  if (RANDOM.test(type) || subgraphs(node).length > 0) return false;
  const isNeeded = needed.has(node.name ?? '');
  return writesOf(node).every((name) => {
    const value = inferred.get(name);
    if (value === undefined) return false;
    // In float16 ONNX Runtime computes a chain of nodes in float32 and rounds at its end: so must whoever wants the same bits.
    const isComputed =
      isFloat(value.dtype) && (isVolatile || (value.dtype === 'float16' && !MOVES.has(type)));
    if (isComputed && !isNeeded) return false;
    if (value.dims === undefined) return isNeeded && !GROWS.has(type);
    return elementCount(value.dims) <= MAX_FOLDED_ELEMENTS;
  });
}
