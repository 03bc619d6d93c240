import { int64, type NodeProto } from '../../common/model-file/index.js';
import { elementCount } from '../../common/tensor/index.js';

/** Work of one run of a node, read off its operator and shapes. */
interface NodeWork {
  /** Multiplications and additions of its products: those of convolutions, matrix products and the like. Others count by their bytes. */
  readonly operations: number;
  /** Whether the operator is one whose work is known. Others are counted by their output. */
  readonly isKnown: boolean;
}

/** Static shape of a value or a stored tensor by name; undefined for a name that is left out. */
type ShapeOf = (name: string | undefined) => readonly number[] | undefined;

/** Operators whose time is that of reading and writing their tensors, by domain. */
const BY_BYTES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    '',
    new Set(
      `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr
      BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat Constant ConstantOfShape Cos Cosh CumSum
      DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND
      Gelu GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow
      HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax
      LpNormalization LpPool Max MaxPool Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu
      Pad Pow QuantizeLinear RMSNormalization RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1
      ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
      ReverseSequence RotaryEmbedding Round ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus
      Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh Tile ThresholdedRelu TopK Transpose Trilu Unsqueeze Upsample Where Xor`.split(
        /\s+/,
      ),
    ),
  ],
  [
    'com.microsoft',
    new Set(
      `BiasAdd BiasGelu BiasSplitGelu FastGelu Gelu GroupNorm NhwcMaxPool QLinearAdd QLinearConcat QLinearMul QLinearSigmoid QLinearSoftmax
      QuickGelu RotaryEmbedding SkipGroupNorm SkipLayerNormalization SkipSimplifiedLayerNormalization SimplifiedLayerNormalization`.split(
        /\s+/,
      ),
    ),
  ],
]);

/** Operators that hand their input on under another shape: no byte is touched. */
const FREE = new Set(['Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Whether a node costs nothing but its place in the graph. */
export function isFree({ domain, op_type: type }: NodeProto): boolean {
  return (domain ?? '') === '' && FREE.has(type ?? '');
}

/** Work of a node at static shapes. */
export function nodeWork(node: NodeProto, shapeOf: ShapeOf): NodeWork {
  const products = productsOf(node, shapeOf);
  if (products !== undefined) return { operations: 2 * products, isKnown: true };
  const isKnown = BY_BYTES.get(node.domain ?? '')?.has(node.op_type ?? '') ?? false;
  return { operations: 0, isKnown };
}

/** Multiplications of two elements; undefined for operators that are none of these. */
function productsOf(node: NodeProto, shapeOf: ShapeOf): number | undefined {
  const input = (at: number): readonly number[] => shapeOf(node.input?.[at]) ?? [];
  const out = shapeOf(node.output?.[0]) ?? [];
  switch (node.op_type) {
    // Outputs times the weights of one output channel.
    case 'Conv':
    case 'ConvInteger':
    case 'FusedConv':
    case 'NhwcFusedConv':
    case 'DeformConv':
      return elementCount(out) * elementCount(input(1).slice(1));
    case 'QLinearConv':
      return elementCount(out) * elementCount(input(3).slice(1));
    // Inputs times the weights of one input channel.
    case 'ConvTranspose':
      return elementCount(input(0)) * elementCount(input(1).slice(1));
    // Outputs times the inner length.
    case 'MatMul':
    case 'MatMulInteger':
    case 'QLinearMatMul':
    case 'FusedMatMul':
      return elementCount(out) * (input(0).at(-1) ?? 1);
    case 'MatMulNBits':
      return elementCount(out) * (attributeOf(node, 'K') ?? input(0).at(-1) ?? 1);
    case 'Gemm':
    case 'FusedGemm':
      return elementCount(out) * (input(0)[attributeOf(node, 'transA') ? 0 : 1] ?? 1);
    case 'Einsum':
      return einsumProducts(node, input);
    case 'Attention':
    case 'MultiHeadAttention':
      return attentionProducts(input, out);
    // Weights are used once for each element of the sequence.
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      return elementCount(input(0).slice(0, 2)) * (elementCount(input(1)) + elementCount(input(2)));
    default:
      return undefined;
  }
}

/** The product of the sizes of all letters. */
function einsumProducts(node: NodeProto, input: (at: number) => readonly number[]): number {
  const text = (node.attribute ?? []).find(({ name }) => name === 'equation')?.s;
  const equation = Buffer.from(text ?? []).toString('utf8');
  const [left = ''] = equation.replaceAll(' ', '').split('->');
  const sizes = new Map<string, number>();
  left.split(',').forEach((term, at) => {
    const dims = input(at);
    const [before = '', after] = term.split('...');
    before.split('').forEach((letter, axis) => sizes.set(letter, dims[axis] ?? 1));
    if (after === undefined) return;
    after
      .split('')
      .forEach((letter, axis) => sizes.set(letter, dims[dims.length - after.length + axis] ?? 1));
    sizes.set('...', elementCount(dims.slice(before.length, dims.length - after.length)));
  });
  return elementCount([...sizes.values()]);
}

/** Scores and their sum over values: each query element with each key, twice. */
function attentionProducts(input: (at: number) => readonly number[], out: readonly number[]): number {
  const key = input(1);
  const length = key.at(-2) ?? out.at(-2) ?? 1;
  return 2 * elementCount(out) * length;
}

function attributeOf(node: NodeProto, name: string): number | undefined {
  const found = (node.attribute ?? []).find((one) => one.name === name);
  return found?.i === undefined ? undefined : int64(found.i);
}
