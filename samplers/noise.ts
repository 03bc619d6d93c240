import { BrownianInterval, TorchGenerator } from '../common/random/index.js';
import { AsyncDiffError } from '../common/errors/index.js';

/** A piece of a Brownian path over the sigmas of a run. */
export interface BrownianPiece {
  /** The sigmas between which the path is defined. */
  readonly range: readonly [number, number];
  readonly from: number;
  readonly to: number;
  /** Overrides the seed of the source, as DPMSolverSDEScheduler's `noise_sampler_seed` does. */
  readonly seed?: number | undefined;
}

/**
 * The fresh noise of a run. Draws are counted from 0 in the order in which diffusers makes them; any may be asked for at any time
 * and gives the same numbers, so a run can go on in another process.
 */
export interface NoiseSource {
  /** Where the noise comes from, if it can be said in a few numbers: another process then makes the same. */
  readonly seed: NoiseSeed | undefined;
  /** Draw number `draw`: `length` standard normal values. */
  normal(draw: number, length: number): Float32Array;
  /** The path's increment over `piece`, divided by the root of the piece's length; the question is draw number `draw`. */
  brownian(draw: number, length: number, piece: BrownianPiece): Float32Array;
}

/** `torch.Generator("cpu").manual_seed(seed)`, from which something may have been drawn already. */
export interface NoiseSeed {
  readonly seed: bigint;
  /** Elements of each `torch.randn` before the sampler's first draw; the initial latents, as a rule. */
  readonly drawnBefore: readonly number[];
  /** Values of a row that belong to each of several latents, where there are several: each is drawn on its own, one after another. */
  readonly parts?: readonly number[] | undefined;
}

/** Noise of a seed, as torch draws it. */
export class SeededNoise implements NoiseSource {
  readonly seed: NoiseSeed;
  #generator: TorchGenerator;
  #next = 0;
  readonly #paths = new Map<string, BrownianInterval>();

  constructor(seed: NoiseSeed) {
    this.seed = seed;
    this.#generator = begin(seed);
  }

  normal(draw: number, length: number): Float32Array {
    if (draw < this.#next) {
      this.#generator = begin(this.seed);
      this.#next = 0;
    }
    const lengths = lengthsOf(this.seed, length);
    for (; this.#next < draw; this.#next += 1) for (const one of lengths) this.#generator.skip(one);
    this.#next += 1;
    return inRows(
      this.seed,
      lengths.map((one) => this.#generator.randn([one]).data as Float32Array),
    );
  }

  brownian(_draw: number, length: number, piece: BrownianPiece): Float32Array {
    return inRows(
      this.seed,
      lengthsOf(this.seed, length).map((one) => this.#increment(one, piece)),
    );
  }

  #increment(length: number, { range, from, to, seed }: BrownianPiece): Float32Array {
    const entropy = seed === undefined ? BigInt.asUintN(64, this.seed.seed) : BigInt(seed);
    const key = [entropy, ...range, length].join();
    const path = this.#paths.get(key) ?? new BrownianInterval(...range, length, entropy);
    this.#paths.set(key, path);
    const root = Math.fround(Math.sqrt(Math.abs(Math.fround(to - from))));
    // torchsde counts time upwards; the sign of a question asked downwards is turned.
    const sign = from < to ? 1 : -1;
    return path.increment(Math.min(from, to), Math.max(from, to)).map((value) => (sign * value) / root);
  }
}

/** Elements of each draw for `length` values. */
function lengthsOf({ parts }: NoiseSeed, length: number): readonly number[] {
  if (parts === undefined) return [length];
  const rows = length / parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => rows * part);
}

/** The draws of several latents as packed rows. */
function inRows({ parts }: NoiseSeed, draws: readonly Float32Array[]): Float32Array {
  const [only] = draws;
  if (parts === undefined && only !== undefined) return only;
  const sizes = parts ?? [];
  const width = sizes.reduce((sum, part) => sum + part, 0);
  const rows = (only?.length ?? 0) / (sizes[0] ?? 1);
  const packed = new Float32Array(rows * width);
  let first = 0;
  for (const [at, draw] of draws.entries()) {
    const size = sizes[at] ?? 0;
    for (let row = 0; row < rows; row++)
      packed.set(draw.subarray(row * size, (row + 1) * size), row * width + first);
    first += size;
  }
  return packed;
}

/** Noise given from outside, in diffusers' order. Throws `invalid_input` where there is too little of it. */
export class GivenNoise implements NoiseSource {
  readonly seed = undefined;
  readonly #draws: readonly Float32Array[];

  constructor(draws: readonly Float32Array[]) {
    this.#draws = draws;
  }

  normal(draw: number, length: number): Float32Array {
    const values = this.#draws[draw];
    if (values?.length === length) return values;
    const found = values === undefined ? `there are ${this.#draws.length}` : `it has ${values.length} values`;
    throw new AsyncDiffError(
      'invalid_input',
      `the sampler needs draw ${draw} of the given noise, ${length} values; ${found}`,
    );
  }

  brownian(draw: number, length: number): Float32Array {
    return this.normal(draw, length);
  }
}

function begin({ seed, drawnBefore }: NoiseSeed): TorchGenerator {
  const generator = new TorchGenerator(seed);
  for (const elements of drawnBefore) generator.skip(elements);
  return generator;
}
