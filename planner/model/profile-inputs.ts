import { createRequire } from 'node:module';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { arrayOf, type DType, elementCount } from '../../common/tensor/index.js';
import { ortTensor } from '../../execution/index.js';
import { isFloat } from '../../common/model-file/index.js';
import type { ValueSpec } from '../../common/tensor/index.js';

/** A timestep in the middle of the usual 1,000. */
const TIMESTEP = 500;
/** 500 in float16. */
const TIMESTEP_HALF_BITS = 0x5fd0;

/**
 * Inputs for a timed run: latents and embeddings normally distributed (denormals and NaN would change the timing), a
 * plausible timestep, ids of zero. Always the same for the same shapes.
 */
export function profileInputs(
  inputs: readonly ValueSpec[],
  timestepInput: string,
): Record<string, OrtTensor> {
  const random = randomSource();
  const feeds: Record<string, OrtTensor> = {};
  const ort = createRequire(import.meta.url)('onnxruntime-node') as { Tensor: typeof OrtTensor };
  for (const input of inputs) {
    const data = new (arrayOf(input.dtype))(elementCount(input.dims));
    if (input.name === timestepInput) fillNumber(data, input.dtype);
    else if (isFloat(input.dtype)) fillNormal(data, input.dtype, random);
    else if (input.dtype === 'bool') data.fill(1 as never);
    feeds[input.name] = ortTensor(ort.Tensor, { dtype: input.dtype, dims: input.dims, data });
  }
  return feeds;
}

type AnyArray = InstanceType<ReturnType<typeof arrayOf>>;

function fillNumber(data: AnyArray, dtype: DType): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(TIMESTEP));
  else data.fill(dtype === 'float16' ? TIMESTEP_HALF_BITS : TIMESTEP);
}

function fillNormal(data: AnyArray, dtype: DType, random: () => number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return;
  for (let index = 0; index < data.length; index++) {
    // float16: random sign and mantissa with exponents of 0.25 to 2 are near enough to normal for timing.
    data[index] =
      dtype === 'float16'
        ? (random() < 0.5 ? 0x8000 : 0) + 0x3400 + Math.floor(random() * 0xc00)
        : Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }
}

/** Uniform in [0, 1), mulberry32. */
function randomSource(): () => number {
  let state = 0x5eed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
