import { createReadStream } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { throwIfAborted } from '../common/abort.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { hashModel, loadModelFile } from '../common/model-file/index.js';
import { clientError, type CoordinatorChannel } from '../rpc/index.js';

const CHUNK_BYTES = 1 << 20;

/**
 * Sends a model's file and its external data, unless the coordinator says that it has them; the content address.
 * Throws `cancelled` as soon as the signal is aborted, and leaves no file open.
 */
export async function uploadModel(
  client: CoordinatorChannel,
  modelPath: string,
  signal?: AbortSignal,
): Promise<string> {
  throwIfAborted(signal);
  const { parts } = loadModelFile(modelPath);
  const modelSha256 = await hashModel({ parts }, signal).catch((error: unknown) => {
    throwIfAborted(signal);
    throw error;
  });
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    let settled = false;
    let wake = (): void => undefined;
    const settle = (): void => {
      settled = true;
      signal?.removeEventListener('abort', onAbort);
      wake();
    };
    const call = client.uploadModel((error) => {
      settle();
      if (error === null) resolve(modelSha256);
      else
        reject(
          signal?.aborted === true && error.code === status.CANCELLED
            ? AsyncDiffError.from(signal.reason, 'cancelled')
            : clientError(error),
        );
    });
    const onAbort = (): void => call.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
    // An upload that is cut short, because the coordinator has the model or by the signal, ends the stream under the writer.
    const write = (message: Parameters<typeof call.write>[0]): Promise<void> =>
      new Promise((written) => {
        wake = written;
        if (settled) written();
        else call.write(message, () => written());
      });
    const send = async (): Promise<void> => {
      for (const { name, path, sizeBytes } of parts) {
        await write({ header: { modelSha256, path: name, sizeBytes } });
        for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
          if (settled) return;
          await write({ data: chunk as Buffer });
        }
      }
      if (!settled) call.end();
    };
    send().catch((error: unknown) => {
      call.cancel();
      reject(AsyncDiffError.from(error));
    });
  });
}
