import type { Tensor } from '../../common/tensor/index.js';
import type { ModelFolder } from './model-folder.js';
import type { RgbImage } from '../../common/image/index.js';
import type { EncodedPrompt, EncodeOptions } from './text-encoder.js';

/** `workerData` of the pipeline's thread. */
export interface PipelineThreadData {
  readonly folder: ModelFolder;
  readonly threads: number;
}

/** What the thread knows once its parts are open. */
export interface OpenedPipeline {
  readonly vaeScaleFactor: number;
  readonly fixedLatentSize: readonly [number, number] | undefined;
}

/** Calls into the thread: what goes in, and what comes back. */
export interface PipelineCalls {
  open: { argument: undefined; result: OpenedPipeline };
  encode: {
    argument: { readonly prompt: string; readonly negativePrompt: string; readonly options: EncodeOptions };
    result: EncodedPrompt;
  };
  decode: { argument: Tensor; result: RgbImage[] };
}
