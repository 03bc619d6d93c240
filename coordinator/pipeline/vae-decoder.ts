import { AsyncDiffError } from '../../common/errors/index.js';
import { float32, formatDims, type Tensor } from '../../common/tensor/index.js';
import type { VaeConfig } from './model-config.js';
import { OrtModel, type ValueInfo } from './ort-model.js';
import { type RgbImage, toRgb8 } from '../../common/image/index.js';

/** Latents to pictures: diffusers' `AutoencoderKL.decode` with its scaling. */
export class VaeDecoder {
  /** Pixels along one edge of a latent. */
  readonly scaleFactor: number;
  /** Latent [height, width] when the file allows no other. */
  readonly fixedSize: readonly [number, number] | undefined;
  readonly #model: OrtModel;
  readonly #input: ValueInfo;
  readonly #output: string;
  readonly #config: VaeConfig;

  private constructor(model: OrtModel, input: ValueInfo, output: ValueInfo, config: VaeConfig) {
    this.#model = model;
    this.#input = input;
    this.#output = output.name;
    this.#config = config;
    this.fixedSize = fixedSize(input);
    const pixels = fixedSize(output);
    // A fixed file says it itself; the formula misses decoders that unshuffle pixels besides (the bundled one).
    this.scaleFactor =
      this.fixedSize !== undefined && pixels !== undefined
        ? pixels[0] / this.fixedSize[0]
        : 2 ** (config.block_out_channels.length - 1);
  }

  /** Raises `model_invalid` or `model_unsupported` when the file is not a decoder of one latent input. */
  static async open(path: string, config: VaeConfig, threads: number): Promise<VaeDecoder> {
    const model = await OrtModel.open(path, threads);
    const input = model.inputs[0];
    const output = model.output('sample') ?? model.outputs[0];
    if (model.inputs.length !== 1 || input === undefined || output === undefined) {
      throw new AsyncDiffError(
        'model_unsupported',
        `${path} takes ${model.inputs.length} inputs, not latents alone`,
      );
    }
    if (input.dtype !== 'float32' || output.dtype !== 'float32') {
      throw new AsyncDiffError(
        'model_unsupported',
        `${path} computes in ${input.dtype}, and only float32 is supported`,
        {
          hint: 'Export the VAE decoder in float32; the noise predictor may stay as it is.',
        },
      );
    }
    return new VaeDecoder(model, input, output, config);
  }

  /**
   * Latents [B, channels, height, width] to B pictures. Raises `invalid_input` for another shape, `not_finite` when
   * latents or pictures hold NaN.
   */
  async decode(latents: Tensor): Promise<RgbImage[]> {
    const [batch, channels, height, width] = latents.dims;
    if (
      latents.dtype !== 'float32' ||
      latents.dims.length !== 4 ||
      channels !== this.#config.latent_channels ||
      batch === undefined ||
      height === undefined ||
      width === undefined
    ) {
      throw new AsyncDiffError(
        'invalid_input',
        `the VAE decoder takes float32 latents [B,${this.#config.latent_channels},H,W] and got ${latents.dtype} ${formatDims(latents.dims)}`,
      );
    }
    const images: RgbImage[] = [];
    // One at a time: the decoder's activations are the largest of the whole pipeline.
    for (let i = 0; i < batch; i += 1)
      images.push(await this.#decodeOne(latents, i, [channels, height, width]));
    return images;
  }

  async close(): Promise<void> {
    await this.#model.close();
  }

  async #decodeOne(latents: Tensor, index: number, dims: readonly number[]): Promise<RgbImage> {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const { scaling_factor: scale, shift_factor: shift } = this.#config;
    const row = (latents.data as Float32Array).subarray(index * size, (index + 1) * size);
    const scaled = row.map((value) => value / scale + (shift ?? 0));
    const pixels = await this.#model.run({ [this.#input.name]: float32(scaled, [1, ...dims]) }, this.#output);
    const [, , height = 0, width = 0] = pixels.dims;
    return toRgb8(pixels.data as Float32Array, width, height);
  }
}

function fixedSize({ dims }: ValueInfo): readonly [number, number] | undefined {
  const [height, width] = dims.slice(2);
  const isFixed = typeof height === 'number' && typeof width === 'number' && height > 0 && width > 0;
  return isFixed ? [height, width] : undefined;
}
