/** What bounds a kernel: a tensor-core class with its own attainable rate, or memory traffic alone. */
export type KernelKind = 'conv' | 'linear' | 'attention' | 'memory';

/** One GPU kernel as PyTorch runs it in eager mode: its work and its traffic, before any device is known. */
export interface Kernel {
  readonly kind: KernelKind;
  /** Floating-point operations; a multiply-add counts as two. */
  readonly flops: number;
  /** Elements that cross device memory: read and written, weights among them. */
  readonly elements: number;
}

/** A kernel that only moves data: `elements` read and written. */
export function memory(elements: number): Kernel {
  return { kind: 'memory', flops: 0, elements };
}

/** GroupNorm over `elements`: one pass for the statistics, one that reads and writes. */
export function groupNorm(elements: number): Kernel {
  return memory(3 * elements);
}

/** LayerNorm over `elements`: a row fits on chip, so it is read once. */
export function layerNorm(elements: number): Kernel {
  return memory(2 * elements);
}

/** An element-wise kernel with one input and one output. */
export function pointwise(elements: number): Kernel {
  return memory(2 * elements);
}

/** An element-wise kernel with two inputs and one output. */
export function binary(elements: number): Kernel {
  return memory(3 * elements);
}

interface LinearShape {
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A matrix product [rows, inFeatures] x [inFeatures, outFeatures]; the bias is part of the GEMM's epilogue. */
export function linear({ rows, inFeatures, outFeatures }: LinearShape): Kernel {
  return {
    kind: 'linear',
    flops: 2 * rows * inFeatures * outFeatures,
    elements: rows * (inFeatures + outFeatures) + inFeatures * outFeatures,
  };
}

interface ConvShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  /** Pixels of the input and of the output image. */
  readonly inPixels: number;
  readonly outPixels: number;
}

/**
 * A convolution as cuDNN runs it for float16 NCHW tensors: to NHWC, the product on the tensor cores, back to NCHW,
 * and PyTorch's separate pass that adds the bias.
 */
export function conv(shape: ConvShape): Kernel[] {
  const { batch, inChannels, outChannels, kernelSize } = shape;
  const input = batch * inChannels * shape.inPixels;
  const output = batch * outChannels * shape.outPixels;
  const taps = kernelSize * kernelSize * inChannels;
  return [
    memory(2 * input),
    { kind: 'conv', flops: 2 * output * taps, elements: input + output + taps * outChannels },
    memory(2 * output),
    pointwise(output),
  ];
}

interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  readonly queries: number;
  readonly keys: number;
}

/** A fused attention kernel (scores, softmax, product): scores never reach memory; head sizes are padded to its tile. */
export function attention({ batch, heads, headDim, queries, keys }: AttentionShape): Kernel {
  const tile = [32, 64, 128].find((size) => size >= headDim) ?? headDim;
  return {
    kind: 'attention',
    flops: 4 * batch * heads * tile * queries * keys,
    elements: 2 * batch * heads * headDim * (queries + keys),
  };
}
