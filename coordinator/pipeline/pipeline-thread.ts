/** Thread entry: text encoder and VAE decoder, away from the thread that serves the network. */
import { parentPort, workerData } from 'node:worker_threads';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { TextEncoder } from './text-encoder.js';
import type {
  OpenedPipeline,
  PipelineReply,
  PipelineRequest,
  PipelineThreadData,
} from './thread-messages.js';
import { VaeDecoder } from './vae-decoder.js';

const { folder, threads } = workerData as PipelineThreadData;
const port = parentPort;
if (port === null) throw new Error('pipeline-thread runs as a worker thread only');

let textEncoder: TextEncoder | undefined;
let vaeDecoder: VaeDecoder | undefined;

async function open(): Promise<OpenedPipeline> {
  textEncoder = await TextEncoder.open(folder.textEncoderPath, folder.tokenizerPath, {
    threads,
    maxPositionEmbeddings: folder.textEncoderConfig.max_position_embeddings,
  });
  vaeDecoder = await VaeDecoder.open(folder.vaeDecoderPath, folder.vaeConfig, threads);
  return { vaeScaleFactor: vaeDecoder.scaleFactor, fixedLatentSize: vaeDecoder.fixedSize };
}

function opened<T>(part: T | undefined): T {
  if (part === undefined) throw new AsyncDiffError('internal', 'the pipeline is not open');
  return part;
}

async function answer(request: PipelineRequest): Promise<{ result: unknown; transfer: ArrayBuffer[] }> {
  switch (request.call) {
    case 'open':
      return { result: await open(), transfer: [] };
    case 'encode': {
      const { prompt, negativePrompt, options } = (request as PipelineRequest<'encode'>).argument;
      const result = await opened(textEncoder).encode(prompt, negativePrompt, options);
      return { result, transfer: Object.values(result.inputs).map(bufferOf) };
    }
    case 'decode': {
      const images = await opened(vaeDecoder).decode((request as PipelineRequest<'decode'>).argument);
      return { result: images, transfer: images.map(bufferOf) };
    }
    default:
      await textEncoder?.close();
      await vaeDecoder?.close();
      return { result: undefined, transfer: [] };
  }
}

function bufferOf({ data }: { readonly data: Tensor['data'] }): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}

// One call at a time, in the order they came.
let last: Promise<void> = Promise.resolve();
port.on('message', (request: PipelineRequest) => {
  last = last.then(async () => {
    try {
      const { result, transfer } = await answer(request);
      port.postMessage({ id: request.id, result }, transfer);
    } catch (error) {
      const { code, rawMessage, hint } = AsyncDiffError.from(error);
      port.postMessage({
        id: request.id,
        error: { code, message: rawMessage, hint },
      } satisfies PipelineReply);
    }
    if (request.call === 'close') port.close();
  });
});
