import { AsyncDiffError } from '../../../common/errors/index.js';
import { arrayOf, elementCount, formatDims, float32, type Tensor } from '../../../common/tensor/index.js';

/** Tensors one after another along an axis (negative: from the end), as torch.cat. Raises `internal` where they do not fit. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first, ...others] = tensors as [Tensor, ...Tensor[]];
  if (others.length === 0) return first;
  const at = axis < 0 ? first.dims.length + axis : axis;
  const outer = elementCount(first.dims.slice(0, at));
  for (const other of others) {
    const fits =
      other.dims.length === first.dims.length &&
      other.dims.every((dim, i) => i === at || dim === first.dims[i]);
    if (!fits || other.dtype !== first.dtype)
      throw new AsyncDiffError(
        'internal',
        `${formatDims(other.dims)} cannot be joined to ${formatDims(first.dims)} along axis ${at}`,
      );
  }
  const size = tensors.reduce((sum, { dims }) => sum + (dims[at] ?? 0), 0);
  const dims = first.dims.with(at, size);
  const data = new (arrayOf(first.dtype))(elementCount(dims));
  let offset = 0;
  for (let row = 0; row < outer; row += 1) {
    for (const tensor of tensors) {
      const length = tensor.data.length / outer;
      (data as Float32Array).set(
        tensor.data.subarray(row * length, (row + 1) * length) as Float32Array,
        offset,
      );
      offset += length;
    }
  }
  return { dtype: first.dtype, dims, data };
}

/** Every row of the batch `times` times in a row: [a, b] is [a, a, b, b] (torch's repeat_interleave, as prompts are repeated for images). */
export function repeatRows(tensor: Tensor, times: number): Tensor {
  if (times === 1) return tensor;
  const [batch = 1] = tensor.dims;
  const rows = Array.from({ length: batch }, (_, row) => rowOf(tensor, row));
  return concat(
    rows.flatMap((row) => Array.from({ length: times }, () => row)),
    0,
  );
}

/** One row of the batch, [1, ...]: a view of the same memory. */
export function rowOf(tensor: Tensor, row: number): Tensor {
  const [batch = 1, ...rest] = tensor.dims;
  const length = tensor.data.length / batch;
  return {
    dtype: tensor.dtype,
    dims: [1, ...rest],
    data: tensor.data.subarray(row * length, (row + 1) * length),
  };
}

/** Zeros appended to the last axis until it is `size` long. */
export function padLast(tensor: Tensor, size: number): Tensor {
  const missing = size - (tensor.dims.at(-1) ?? 0);
  if (missing <= 0) return tensor;
  const dims = [...tensor.dims.slice(0, -1), missing];
  return concat([tensor, float32(new Float32Array(elementCount(dims)), dims)], -1);
}

export function zerosLike({ dims }: Tensor): Tensor {
  return float32(new Float32Array(elementCount(dims)), dims);
}

/** [unconditional; conditional], each repeated for the images of a prompt; the conditional rows alone without an unconditional one. */
export function guidedRows(
  unconditional: Tensor | undefined,
  conditional: Tensor,
  numImages: number,
): Tensor {
  const rows = unconditional === undefined ? [conditional] : [unconditional, conditional];
  return concat(
    rows.map((tensor) => repeatRows(tensor, numImages)),
    0,
  );
}

export function floatsOf(tensor: Tensor): Float32Array {
  return tensor.data as Float32Array;
}
