import { AsyncDiffError } from '../../../common/errors/index.js';
import { elementCount, float32, formatDims, type Tensor } from '../../../common/tensor/index.js';
import type { Sampler } from '../../../samplers/index.js';
import type { PipelineRun } from './description.js';
import { floatsOf } from './tensor-rows.js';

/** The call's latents, or unit noise from its seed: float32 of `dims`. Raises `invalid_input` for latents of another shape. */
export function unitLatents({ call: { latents }, noise }: PipelineRun, dims: readonly number[]): Tensor {
  if (latents === undefined) return noise.draw(dims);
  if (latents.dtype !== 'float32' || formatDims(latents.dims) !== formatDims(dims)) {
    throw new AsyncDiffError(
      'invalid_input',
      `the latents are ${latents.dtype} ${formatDims(latents.dims)}, this call takes float32 ${formatDims(dims)}`,
      { hint: 'The shape follows from height, width and the number of images; diffusers takes the same.' },
    );
  }
  return latents;
}

/** Unit noise as the latents of a sampler's first call. */
export function scaledNoise(unit: Tensor, { initNoiseSigma }: Sampler): Tensor {
  // torch rounds a number before it multiplies float32 by it.
  const scale = Math.fround(initNoiseSigma);
  return scale === 1 ? unit : mapFloats(unit, (value) => value * scale);
}

/** A new tensor, each element rounded to float32. */
export function mapFloats(tensor: Tensor, change: (value: number, index: number) => number): Tensor {
  return float32(floatsOf(tensor).map(change), tensor.dims);
}

/** Each channel (axis 1) with its own factor and offset: x * scale + offset, rounded after each operation. */
export function scaleChannels(tensor: Tensor, scale: readonly number[], offset: readonly number[]): Tensor {
  const channels = tensor.dims[1] ?? 1;
  const inner = elementCount(tensor.dims.slice(2));
  return mapFloats(tensor, (value, index) => {
    const channel = Math.floor(index / inner) % channels;
    return (
      Math.fround(value * Math.fround(scale[channel] as number)) + Math.fround(offset[channel] as number)
    );
  });
}
