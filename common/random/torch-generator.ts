import { AsyncDiffError } from '../errors/index.js';
import { elementCount, float32, type Tensor } from '../tensor/index.js';
import { Mt19937 } from './mt19937.js';

const f = Math.fround;
const TWO_PI = f(2 * Math.PI);
/** From this size on torch fills float32 tensors in blocks of 16 (ATen's `normal_fill`). */
const BLOCK = 16;

/**
 * `torch.Generator('cpu').manual_seed(seed)`: consecutive `torch.randn` draws, as PyTorch gives them on an x86 CPU. Sixteen
 * elements and more are ATen's `normal_fill` (agrees to about 1e-6: the logarithm, sine and cosine are rounded
 * differently); fewer are `normal_distribution<double>`, which keeps its second value for the next draw.
 */
export class TorchGenerator {
  readonly #engine: Mt19937;
  #spare: number | undefined;

  /** `seed`: -2^63 to 2^64 - 1 as torch takes it; its low 32 bits count. Throws `invalid_settings`. */
  constructor(seed: number | bigint) {
    this.#engine = new Mt19937(low32(seed));
  }

  /** `torch.randn(dims, dtype=float32)`: standard normal, row-major. */
  randn(dims: readonly number[]): Tensor {
    const values = new Float32Array(elementCount(dims));
    if (values.length >= BLOCK) this.#fillBlocks(values);
    else for (let i = 0; i < values.length; i += 1) values[i] = this.#normal();
    return float32(values, dims);
  }

  /** Moves on as {@link randn} of so many elements does, without computing them. */
  skip(elements: number): void {
    if (elements >= BLOCK) {
      const drawn = elements % BLOCK === 0 ? elements : elements + BLOCK;
      for (let i = 0; i < drawn; i += 1) this.#engine.next();
    } else for (let i = 0; i < elements; i += 1) this.#normal();
  }

  #fillBlocks(values: Float32Array): void {
    for (let i = 0; i < values.length; i += 1) values[i] = this.#uniform24();
    for (let start = 0; start + BLOCK <= values.length; start += BLOCK) boxMuller(values, start);
    if (values.length % BLOCK === 0) return;
    // ATen draws the last sixteen once more, over what the last whole block wrote there.
    const start = values.length - BLOCK;
    for (let i = start; i < values.length; i += 1) values[i] = this.#uniform24();
    boxMuller(values, start);
  }

  #uniform24(): number {
    return (this.#engine.next() & 0xffffff) / 2 ** 24;
  }

  #uniform53(): number {
    const high = this.#engine.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#engine.next()) / 2 ** 53;
  }

  #normal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    const theta = 2 * Math.PI * this.#uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform53()));
    this.#spare = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }
}

/** `torch.randn(dims, generator=torch.Generator('cpu').manual_seed(seed))`: see {@link TorchGenerator}. */
export function randn(seed: number | bigint, dims: readonly number[]): Tensor {
  return new TorchGenerator(seed).randn(dims);
}

/** Eight pairs of uniforms, eight apart, become sixteen normals in place; float32 at every operation. */
function boxMuller(values: Float32Array, start: number): void {
  for (let i = start; i < start + BLOCK / 2; i += 1) {
    const radius = f(Math.sqrt(f(-2 * f(Math.log(1 - (values[i] as number))))));
    const theta = f(TWO_PI * (values[i + BLOCK / 2] as number));
    values[i] = radius * f(Math.cos(theta));
    values[i + BLOCK / 2] = radius * f(Math.sin(theta));
  }
}

function low32(seed: number | bigint): number {
  const isWhole = typeof seed === 'bigint' || Number.isSafeInteger(seed);
  const whole = isWhole ? BigInt(seed) : undefined;
  if (whole === undefined || whole < -(2n ** 63n) || whole >= 2n ** 64n) {
    throw new AsyncDiffError(
      'invalid_settings',
      `seed must be a whole number from -2^63 to 2^64 - 1 (a bigint beyond 2^53); got ${String(seed)}`,
    );
  }
  return Number(BigInt.asUintN(32, whole));
}
