import { int64, onnxTypeOf, type TensorProto } from '../../common/model-file/index.js';
import { type CostGraph, wantedValues } from '../search/index.js';
import type { Skeleton } from './skeleton.js';

/** Operators of which the CPU provider has float16 kernels (tried one by one with ONNX Runtime 1.30). */
export const HALF_KERNELS: ReadonlySet<string> = new Set(
  `Attention Cast CastLike Clip Compress Concat ConstantOfShape Expand Flatten Gather GatherElements GatherND Identity If IsNaN LayerNormalization Loop Max Min
  RMSNormalization Reshape ReverseSequence Round Scan ScatterElements ScatterND Shape Sign Slice Split Squeeze Transpose Unsqueeze`.split(
    /\s+/,
  ),
);
const WITH_GRAPHS: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan']);
/** float16 bits of one. */
const HALF_ONE = 0x3c00;

/**
 * Which nodes of a float16 model the CPU provider runs in float32, and so where it rounds: those that it has no float16 kernel of, and of the
 * others those that have only such nodes before and behind them (see session-casts.ts).
 */
export class HalfRounding {
  readonly #graph: CostGraph;
  readonly #wanted: ReadonlySet<string>;
  readonly #makers = new Map<string, number>();
  readonly #readers = new Map<string, number[]>();
  /** Nodes that ONNX Runtime takes out before anything else: their neighbours are each other's. */
  readonly #absent = new Set<number>();
  readonly #widened = new Set<number>();
  readonly #shapeReads: ReadonlySet<string>;

  constructor(
    graph: CostGraph,
    { constants, weights, shapeReads }: Pick<Skeleton, 'constants' | 'weights' | 'shapeReads'>,
  ) {
    this.#graph = graph;
    this.#shapeReads = shapeReads;
    this.#wanted = new Set(wantedValues(graph));
    const stored = (name: string): TensorProto | undefined => constants.get(name) ?? weights.get(name);
    for (const [at, node] of graph.nodes.entries()) {
      for (const name of node.outputs) this.#makers.set(name, at);
      for (const name of new Set(node.inputs)) {
        const known = this.#readers.get(name);
        if (known === undefined) this.#readers.set(name, [at]);
        else known.push(at);
      }
      if (isAbsent(node, constants)) this.#absent.add(at);
      else if (!HALF_KERNELS.has(node.opType)) this.#widened.add(at);
    }
    const isHalfWeight = (name: string): boolean => stored(name)?.data_type === onnxTypeOf('float16');
    for (const at of graph.nodes.keys()) if (this.#isAlone(at, isHalfWeight)) this.#widened.add(at);
  }

  /** Whether what makes a value runs in float32. */
  isMadeWidened(value: string): boolean {
    const maker = this.#makers.get(value);
    if (maker === undefined) return false;
    if (!this.#absent.has(maker)) return this.#widened.has(maker);
    return this.isMadeWidened(this.#graph.nodes[maker]?.inputs[0] ?? '');
  }

  /** Whether all that reads a value, but for these nodes, runs in float32. */
  isReadWidened(value: string, but: ReadonlySet<number> = new Set()): boolean {
    return (this.#readers.get(value) ?? []).every((at) => {
      if (but.has(at)) return true;
      if (!this.#absent.has(at)) return this.#widened.has(at);
      return this.isReadWidened(this.#graph.nodes[at]?.outputs[0] ?? '', but);
    });
  }

  #isAlone(at: number, isHalfWeight: (name: string) => boolean): boolean {
    const { opType, inputs, outputs, weights } = this.#graph.nodes[at]!;
    if (this.#widened.has(at) || this.#absent.has(at)) return false;
    if (WITH_GRAPHS.has(opType)) return false;
    if (outputs.some((name) => this.#wanted.has(name) || this.#shapeReads.has(name))) return false;
    const isHalf = (name: string): boolean => this.#graph.values.get(name)?.dtype === 'float16';
    return (
      inputs.some((name) => this.#makers.has(name)) &&
      !weights.some(isHalfWeight) &&
      inputs.every((name) => !isHalf(name) || this.isMadeWidened(name)) &&
      outputs.every((name) => !isHalf(name) || this.isReadWidened(name))
    );
  }
}

/** Whether a node only hands its input on: an `Identity`, or a product with one or a sum with zero. */
function isAbsent(
  { opType, inputs, weights }: CostGraph['nodes'][number],
  constants: Skeleton['constants'],
): boolean {
  if (opType === 'Identity' || opType === 'Dropout') return inputs.length === 1;
  const [only, ...others] = weights;
  if (inputs.length !== 1 || only === undefined || others.length > 0) return false;
  const number = halfScalar(constants.get(only));
  if (opType === 'Mul' || opType === 'Div') return number === HALF_ONE;
  return (opType === 'Add' || opType === 'Sub') && number === 0;
}

/** The bits of a float16 constant of one element. */
function halfScalar(tensor: TensorProto | undefined): number | undefined {
  if (tensor?.data_type !== onnxTypeOf('float16')) return undefined;
  if ((tensor.dims ?? []).some((dim) => int64(dim) !== 1)) return undefined;
  const [low, high] = tensor.raw_data ?? [];
  if (low !== undefined && high !== undefined) return low + 256 * high;
  return tensor.int32_data?.[0];
}
