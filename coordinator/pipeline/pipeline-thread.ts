/** Thread entry: text encoder and VAE decoder, away from the thread that serves the network. */
import { workerData } from 'node:worker_threads';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { serveThread } from '../../common/threads/index.js';
import { TextEncoder } from './text-encoder.js';
import type { OpenedPipeline, PipelineCalls, PipelineThreadData } from './thread-messages.js';
import { VaeDecoder } from './vae-decoder.js';

const { folder, threads } = workerData as PipelineThreadData;

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

function bufferOf({ data }: { readonly data: Tensor['data'] }): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}

// One call at a time, in the order they came.
let last: Promise<unknown> = Promise.resolve();

function inOrder<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => undefined);
  return done;
}

serveThread<PipelineCalls>({
  calls: {
    open: () => inOrder(async () => ({ result: await open() })),
    encode: ({ prompt, negativePrompt, options }) =>
      inOrder(async () => {
        const result = await opened(textEncoder).encode(prompt, negativePrompt, options);
        return { result, transfer: Object.values(result.inputs).map(bufferOf) };
      }),
    decode: (latents) =>
      inOrder(async () => {
        const images = await opened(vaeDecoder).decode(latents);
        return { result: images, transfer: images.map(bufferOf) };
      }),
  },
  onStop: () =>
    inOrder(async () => {
      await textEncoder?.close();
      await vaeDecoder?.close();
    }),
});
