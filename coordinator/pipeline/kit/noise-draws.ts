import { TorchGenerator } from '../../../common/random/index.js';
import { AsyncDiffError } from '../../../common/errors/index.js';
import { GivenNoise, type NoiseSource, SeededNoise } from '../../../samplers/index.js';
import { elementCount, formatDims, type Tensor } from '../../../common/tensor/index.js';

/** Standard normal noise in the order in which diffusers draws it, from `torch.Generator('cpu').manual_seed(seed)`. */
export interface NoiseDraws {
  draw(dims: readonly number[]): Tensor;
  /** What diffusers draws from torch's global generator and not from the call's: here one of its own with the same seed. */
  drawApart(dims: readonly number[]): Tensor;
  /** Elements of each draw so far. */
  readonly drawn: readonly number[];
  /** What a sampler draws after that. */
  forSampler(): NoiseSource;
}

export class SeededDraws implements NoiseDraws {
  readonly drawn: number[] = [];
  readonly #seed: bigint;
  readonly #generator: TorchGenerator;
  readonly #apart: TorchGenerator;

  constructor(seed: number | bigint) {
    this.#seed = BigInt(seed);
    this.#generator = new TorchGenerator(seed);
    this.#apart = new TorchGenerator(seed);
  }

  draw(dims: readonly number[]): Tensor {
    this.drawn.push(elementCount(dims));
    return this.#generator.randn(dims);
  }

  drawApart(dims: readonly number[]): Tensor {
    return this.#apart.randn(dims);
  }

  forSampler(): NoiseSource {
    return new SeededNoise({ seed: this.#seed, drawnBefore: [...this.drawn] });
  }
}

/** Noise given from outside, draw by draw. Raises `invalid_input` where there is too little of it. */
export class GivenDraws implements NoiseDraws {
  readonly drawn: number[] = [];
  readonly #draws: readonly Tensor[];

  constructor(draws: readonly Tensor[]) {
    this.#draws = draws;
  }

  draw(dims: readonly number[]): Tensor {
    const next = this.#draws[this.drawn.length];
    if (next === undefined || elementCount(next.dims) !== elementCount(dims)) {
      const found = next === undefined ? 'there is no more' : `it is ${formatDims(next.dims)}`;
      throw new AsyncDiffError(
        'invalid_input',
        `draw ${this.drawn.length} of the given noise must be ${formatDims(dims)}; ${found}`,
      );
    }
    this.drawn.push(elementCount(dims));
    return { ...next, dims };
  }

  drawApart(dims: readonly number[]): Tensor {
    return this.draw(dims);
  }

  forSampler(): NoiseSource {
    return new GivenNoise(this.#draws.slice(this.drawn.length).map(({ data }) => data as Float32Array));
  }
}
