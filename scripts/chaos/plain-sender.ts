import { createHash } from 'node:crypto';
import { encodeModel, type ModelProto } from '../../common/model-file/index.js';
import { clientError, type CoordinatorChannel } from '../../rpc/index.js';
import { tinyLatents, tinyScheduler } from './tiny-model.js';

/** A request that has not ended by then is left. */
const PATIENCE_MS = 60_000;
const MIB = 2 ** 20;
const tinyInputs = { sample: { dtype: 'float32', dims: [1, 4, 8, 8], data: bytesOf(tinyLatents(8).data) } };

/** How far a job is, of what it tells. */
interface Told {
  readonly progress: { readonly step: number; readonly steps: number } | null;
  readonly preparing: { readonly stage: string } | null;
}

/** Sends as a client of any language does: nothing checks a request before the coordinator. */
export class PlainSender {
  readonly #channel: CoordinatorChannel;

  constructor(channel: CoordinatorChannel) {
    this.#channel = channel;
  }

  /** Resolves to `done`, a code, or how far it was when it was left. */
  streamed(kind: 'generate' | 'denoise', request: object, reads = true): Promise<string> {
    const call = kind === 'generate' ? this.#channel.generate(request) : this.#channel.denoise(request);
    return new Promise((resolve) => {
      let isLeft = false;
      let told = 'nothing';
      const timer = setTimeout(() => {
        isLeft = true;
        call.cancel();
      }, PATIENCE_MS);
      call.on('error', (error: Error) => {
        clearTimeout(timer);
        resolve(
          isLeft ? `left after ${PATIENCE_MS / 1000} s, when it had told ${told}` : clientError(error).code,
        );
      });
      if (reads)
        call.on('data', ({ progress, preparing }: Told) => {
          if (progress) told = `step ${progress.step} of ${progress.steps}`;
          else if (preparing) told = preparing.stage;
        });
      call.on('end', () => resolve('done'));
    });
  }

  /** A job on a model that is uploaded first. */
  async withModel(model: ModelProto | Uint8Array, inputs: object = tinyInputs): Promise<string> {
    const bytes = model instanceof Uint8Array ? model : encodeModel(model);
    const modelSha256 = sha256Of(bytes);
    const refused = await new Promise<string | undefined>((resolve) => {
      const call = this.#channel.uploadModel((error: Error | null) =>
        resolve(error === null ? undefined : clientError(error).code),
      );
      call.write({ header: { modelSha256, path: 'model.onnx', sizeBytes: bytes.length } });
      for (let at = 0; at < bytes.length; at += MIB) call.write({ data: bytes.subarray(at, at + MIB) });
      call.end();
    });
    if (refused !== undefined) return refused;
    return this.streamed('denoise', {
      modelSha256,
      schedulerConfig: tinyScheduler('DDIMScheduler'),
      inputs,
      numInferenceSteps: 2,
    });
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
