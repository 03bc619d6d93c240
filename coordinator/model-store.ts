import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { hashModel, loadModelFile } from '../common/model-file/index.js';
import type { UploadModelRequest__Output } from '../rpc/gen/asyncdiff/v1/UploadModelRequest.js';

const SHA256 = /^[0-9a-f]{64}$/;
const MODEL_FILE = 'model.onnx';

/** Noise predictors by content: uploaded ones on disk, and those of this host where they are. */
export class ModelStore {
  readonly #dir: string;
  readonly #local = new Map<string, string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes a model of this host known without a copy; its content address. */
  async addLocal(modelPath: string): Promise<string> {
    const sha256 = await hashModel(loadModelFile(modelPath));
    this.#local.set(sha256, modelPath);
    return sha256;
  }

  /** Path of a model's ONNX file. Throws `model_not_found`. */
  path(sha256: string): string {
    const local = this.#local.get(sha256);
    if (local !== undefined) return local;
    const stored = join(this.#folder(sha256), MODEL_FILE);
    if (existsSync(stored)) return stored;
    throw new AsyncDiffError('model_not_found', `the coordinator has no model ${sha256.slice(0, 12)}`, {
      hint: 'Upload it first, as `asyncdiff denoise --coordinator` does.',
    });
  }

  has(sha256: string): boolean {
    return this.#local.has(sha256) || existsSync(join(this.#folder(sha256), MODEL_FILE));
  }

  /** Takes an upload: headers, each followed by its file's bytes. Resolves true if the model was here already. */
  async receive(messages: AsyncIterable<UploadModelRequest__Output>): Promise<boolean> {
    let upload: Upload | undefined;
    try {
      for await (const { header, data } of messages) {
        if (header) {
          if (this.has(header.modelSha256)) return true;
          upload ??= await Upload.begin(this.#dir, header.modelSha256);
          await upload.file(header.path, header.sizeBytes);
        } else if (data && upload !== undefined) await upload.write(data);
      }
      if (upload === undefined) throw new AsyncDiffError('invalid_input', 'the upload holds no file');
      await upload.finish(this.#folder(upload.sha256));
      return false;
    } finally {
      await upload?.discard();
    }
  }

  #folder(sha256: string): string {
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', `not a SHA-256: "${sha256}"`);
    return join(this.#dir, sha256);
  }
}

/** A model on its way in; it gets its name when all of it is there and its hash is right. */
class Upload {
  readonly sha256: string;
  readonly #folder: string;
  #file: FileHandle | undefined;
  #leftBytes = 0;

  private constructor(sha256: string, folder: string) {
    this.sha256 = sha256;
    this.#folder = folder;
  }

  static async begin(dir: string, sha256: string): Promise<Upload> {
    const folder = join(dir, `upload-${randomUUID()}`);
    await mkdir(folder, { recursive: true });
    return new Upload(sha256, folder);
  }

  async file(path: string, sizeBytes: number): Promise<void> {
    await this.#endFile();
    // The path comes from the network: only a plain one inside of the model's folder.
    const plain = normalize(path);
    if (
      plain !== path ||
      plain.startsWith('/') ||
      plain.split('/').includes('..') ||
      plain.includes('\\') ||
      plain === '.'
    ) {
      throw new AsyncDiffError('invalid_input', `"${path}" is not a plain relative path`);
    }
    const target = join(this.#folder, plain);
    await mkdir(dirname(target), { recursive: true });
    this.#file = await open(target, 'wx');
    this.#leftBytes = sizeBytes;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#leftBytes -= data.length;
    if (this.#leftBytes < 0 || this.#file === undefined)
      throw new AsyncDiffError('invalid_input', 'more bytes than the upload announced');
    await this.#file.write(data);
  }

  async finish(target: string): Promise<void> {
    await this.#endFile();
    const actual = await hashModel(loadModelFile(join(this.#folder, MODEL_FILE)));
    if (actual !== this.sha256)
      throw new AsyncDiffError(
        'invalid_input',
        `the model that came is ${actual.slice(0, 12)}, not ${this.sha256.slice(0, 12)}`,
      );
    await rename(this.#folder, target).catch((error: unknown) => {
      // Another client was first with the same content.
      if (!existsSync(join(target, MODEL_FILE))) throw error;
    });
  }

  async discard(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #endFile(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#file.close();
    this.#file = undefined;
    if (this.#leftBytes !== 0)
      throw new AsyncDiffError('invalid_input', `${this.#leftBytes} bytes of the upload are missing`);
  }
}
