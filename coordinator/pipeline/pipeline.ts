import { AsyncDiffError } from '../../common/errors/index.js';
import { ThreadClient } from '../../common/threads/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { type ModelFolder, openModelFolder } from './model-folder.js';
import type { RgbImage } from '../../common/image/index.js';
import type { EncodedPrompt, EncodeOptions } from './text-encoder.js';
import type { OpenedPipeline, PipelineCalls, PipelineThreadData } from './thread-messages.js';

export interface PipelineDefaults {
  readonly guidanceScale: number;
  readonly numInferenceSteps: number;
  /** Pixels. */
  readonly height: number;
  readonly width: number;
}

export interface LatentRequest {
  /** Pixels; the model's own size where left out or 0. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly numImages: number;
}

/**
 * What surrounds the noise predictor in text-to-image: text encoder and VAE decoder of a model folder, in a thread of
 * their own. The noise predictor itself is not opened here: see `unetPath`.
 */
export class TextToImagePipeline {
  /** The noise predictor's ONNX file (a U-Net or a transformer). */
  readonly unetPath: string;
  readonly schedulerConfigText: string;
  readonly defaults: PipelineDefaults;
  readonly folder: ModelFolder;
  readonly #opened: OpenedPipeline;
  readonly #thread: ThreadClient<PipelineCalls>;

  private constructor(folder: ModelFolder, opened: OpenedPipeline, thread: ThreadClient<PipelineCalls>) {
    this.folder = folder;
    this.unetPath = folder.predictorPath;
    this.schedulerConfigText = folder.schedulerConfigText;
    this.#opened = opened;
    this.#thread = thread;
    const [height, width] = opened.fixedLatentSize ?? sampleSize(folder);
    this.defaults = {
      guidanceScale: folder.generationConfig.guidance_scale,
      numInferenceSteps: folder.generationConfig.num_inference_steps,
      height: height * opened.vaeScaleFactor,
      width: width * opened.vaeScaleFactor,
    };
  }

  /** Raises `model_not_found`, `model_invalid` or `model_unsupported`. `threads`: ONNX Runtime's, for each part. */
  static async open(modelDir: string, options: { readonly threads: number }): Promise<TextToImagePipeline> {
    const folder = await openModelFolder(modelDir);
    const thread = new ThreadClient<PipelineCalls>({
      file: 'coordinator/pipeline/pipeline-thread.js',
      name: 'pipeline',
      workerData: { folder, threads: options.threads } satisfies PipelineThreadData,
    });
    try {
      return new TextToImagePipeline(folder, await thread.call('open', undefined), thread);
    } catch (error) {
      await thread.stop();
      throw error;
    }
  }

  /** See `TextEncoder.encode`: conditioning for B images, [u0..uB-1, c0..cB-1] with guidance. */
  async encodePrompt(prompt: string, negativePrompt: string, options: EncodeOptions): Promise<EncodedPrompt> {
    return await this.#thread.call('encode', { prompt, negativePrompt, options });
  }

  /** Latents [B, channels, height, width], scaled as the sampler leaves them, to B pictures. */
  async decode(latents: Tensor): Promise<RgbImage[]> {
    return await this.#thread.call('decode', latents);
  }

  /** The first picture of unfinished latents. */
  async preview(latents: Tensor): Promise<RgbImage> {
    const rowLength = latents.data.length / (latents.dims[0] ?? 1);
    const first = { ...latents, dims: [1, ...latents.dims.slice(1)], data: latents.data.slice(0, rowLength) };
    const [image] = await this.decode(first);
    return image as RgbImage;
  }

  /** Shape of `sample` for a request, [B, channels, height, width]; raises `invalid_settings` for a size that cannot be. */
  latentDims(request: LatentRequest): number[] {
    const factor = this.#opened.vaeScaleFactor;
    const height = request.height || this.defaults.height;
    const width = request.width || this.defaults.width;
    for (const [name, pixels] of Object.entries({ height, width })) {
      if (!Number.isInteger(pixels) || pixels <= 0 || pixels % factor !== 0) {
        throw new AsyncDiffError('invalid_settings', `${name} ${pixels} is not a multiple of ${factor}`);
      }
    }
    const fixed = this.#opened.fixedLatentSize;
    if (fixed !== undefined && (height !== this.defaults.height || width !== this.defaults.width)) {
      throw new AsyncDiffError(
        'invalid_settings',
        `${width}x${height} was asked for, and this model draws ${this.defaults.width}x${this.defaults.height} only`,
      );
    }
    if (!Number.isInteger(request.numImages) || request.numImages < 1) {
      throw new AsyncDiffError(
        'invalid_settings',
        `num_images_per_prompt ${request.numImages} is not 1 or more`,
      );
    }
    return [request.numImages, this.folder.predictorConfig.in_channels, height / factor, width / factor];
  }

  /** Ends the thread; calls that wait for it fail with `cancelled`. */
  async close(): Promise<void> {
    await this.#thread.stop();
  }
}

function sampleSize(folder: ModelFolder): readonly [number, number] {
  // 64 is the default of diffusers' pipelines where a config names no size.
  const size = folder.predictorConfig.sample_size ?? 64;
  return typeof size === 'number' ? [size, size] : size;
}
