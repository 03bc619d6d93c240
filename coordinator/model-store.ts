import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { diskError } from '../common/disk-error.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { makeFolder } from '../common/make-folder.js';
import { checkLimit, LIMITS } from '../common/settings/index.js';
import { ContentIndex, fileState, hashModel, loadModelFile } from '../common/model-file/index.js';
import { sweepUploads, uploadFolder } from './upload-folder.js';

const SHA256 = /^[0-9a-f]{64}$/;
const MODEL_FILE = 'model.onnx';

/** A piece of an upload: the beginning of a file, or bytes of it. */
interface UploadedPiece {
  readonly header?: {
    readonly modelSha256: string;
    readonly path: string;
    readonly sizeBytes: number;
  } | null;
  readonly data?: Buffer | null;
}

/** Noise predictors by content: uploaded ones on disk, and those of this host where they are. */
export class ModelStore {
  readonly #dir: string;
  readonly #maxStoredBytes: number;
  readonly #local = new Map<string, string>();
  readonly #index: ContentIndex;
  /** Files of models that were held against their hashes, as they were then. */
  readonly #checked = new Map<string, { readonly paths: readonly string[]; readonly states: string }>();
  #uploads = 0;
  /** Models on their way in. */
  readonly #incoming = new Set<Upload>();

  /** @param maxStoredBytes all uploaded models together */
  constructor(dir: string, maxStoredBytes: number = LIMITS.storedBytes.max) {
    this.#dir = dir;
    this.#maxStoredBytes = maxStoredBytes;
    this.#index = new ContentIndex(join(dirname(dir), 'hashes'));
    void sweepUploads(dir).catch(() => undefined);
  }

  /** Makes a model of this host known without a copy; its content address. */
  async addLocal(modelPath: string): Promise<string> {
    const sha256 = await hashModel(loadModelFile(modelPath), undefined, this.#index);
    this.#local.set(sha256, modelPath);
    return sha256;
  }

  /**
   * Path of a model's ONNX file. Its files are held against its hash when they are first asked for, and when they were written to since.
   * Throws `model_not_found`, `model_invalid` for a model of this host that was changed.
   */
  async path(sha256: string): Promise<string> {
    const local = this.#local.get(sha256);
    if (local !== undefined) {
      if (await this.#isWhole(sha256, local)) return local;
      throw new AsyncDiffError('model_invalid', `${local} was changed since it was made known`, {
        hint: 'Make it known anew, or put the file back.',
      });
    }
    if (await this.has(sha256)) return join(this.#folder(sha256), MODEL_FILE);
    throw new AsyncDiffError('model_not_found', `the coordinator has no model ${sha256.slice(0, 12)}`, {
      hint: 'Upload it first, as `asyncdiff denoise --coordinator` does.',
    });
  }

  /** Whether it is here and whole; an uploaded one that is damaged is deleted, so that it can come again. */
  async has(sha256: string): Promise<boolean> {
    const folder = this.#folder(sha256);
    if (this.#local.has(sha256)) return true;
    if (!existsSync(join(folder, MODEL_FILE))) return false;
    if (await this.#isWhole(sha256, join(folder, MODEL_FILE))) return true;
    await rm(folder, { recursive: true, force: true });
    return false;
  }

  /**
   * Takes an upload: headers, each followed by its file's bytes. Resolves true if the model was here already.
   * @throws AsyncDiffError `limit_exceeded` for more files or bytes than are taken, `invalid_input` for what is not whole, `cache_unwritable`
   */
  async receive(messages: AsyncIterable<UploadedPiece>): Promise<boolean> {
    checkLimit('uploadsAtOnce', this.#uploads + 1, 'the queue of uploads');
    let upload: Upload | undefined;
    this.#uploads += 1;
    try {
      for await (const { header, data } of messages) {
        if (header) {
          if (await this.has(header.modelSha256)) return true;
          upload ??= await Upload.begin(this.#dir, header.modelSha256);
          this.#incoming.add(upload);
          const { path, sizeBytes } = header;
          const own = upload;
          await own.file(path, sizeBytes, () => this.#claimRoom(own, sizeBytes));
        } else if (data && upload !== undefined) await upload.write(data);
      }
      if (upload === undefined) throw new AsyncDiffError('invalid_input', 'the upload holds no file');
      await upload.finish(this.#folder(upload.sha256));
      return false;
    } catch (error) {
      throw diskError(error, this.#dir) ?? error;
    } finally {
      this.#uploads -= 1;
      await upload?.discard();
      if (upload !== undefined) this.#incoming.delete(upload);
    }
  }

  /** Room for a file beside all that is stored, and all that others have announced and not sent yet. Throws `limit_exceeded`. */
  async #claimRoom(upload: Upload, sizeBytes: number): Promise<void> {
    let usedBytes = (await folderBytes(this.#dir)) + sizeBytes;
    for (const { leftBytes } of this.#incoming) usedBytes += Math.max(0, leftBytes);
    checkLimit('storedBytes', usedBytes, 'the store of models, with this one,', this.#maxStoredBytes);
    // In the same turn: whoever asks next finds it taken.
    upload.leftBytes = sizeBytes;
  }

  async #isWhole(sha256: string, path: string): Promise<boolean> {
    const statesOf = async (paths: readonly string[]): Promise<string> =>
      JSON.stringify(await Promise.all(paths.map(fileState)));
    const known = this.#checked.get(sha256);
    if (known !== undefined && (await statesOf(known.paths)) === known.states) return true;
    try {
      const file = loadModelFile(path);
      const paths = file.parts.map((part) => part.path);
      const states = await statesOf(paths);
      if ((await hashModel(file, undefined, this.#index)) !== sha256) return false;
      this.#checked.set(sha256, { paths, states });
      return true;
    } catch (error) {
      // It cannot even be read as a model.
      if (AsyncDiffError.from(error).code === 'model_invalid') return false;
      throw error;
    }
  }

  #folder(sha256: string): string {
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', `not a SHA-256: "${sha256}"`);
    return join(this.#dir, sha256);
  }
}

/** Bytes of all files below a folder; 0 where there is none. */
async function folderBytes(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      // A file may go while this looks: another upload is discarded.
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A model on its way in; it gets its name when all of it is there and its hash is right. */
class Upload {
  readonly sha256: string;
  readonly #folder: string;
  #file: FileHandle | undefined;
  /** Of the file that was announced last, what has not come yet. */
  leftBytes = 0;
  #files = 0;
  #announcedBytes = 0;

  private constructor(sha256: string, folder: string) {
    this.sha256 = sha256;
    this.#folder = folder;
  }

  static async begin(dir: string, sha256: string): Promise<Upload> {
    if (!SHA256.test(sha256)) throw new AsyncDiffError('invalid_input', 'the upload names no SHA-256');
    const folder = uploadFolder(dir);
    await makeFolder(folder);
    return new Upload(sha256, folder);
  }

  /** @param claimRoom throws where the store has no room for what was announced */
  async file(path: string, sizeBytes: number, claimRoom: () => Promise<void>): Promise<void> {
    await this.#endFile();
    this.#files += 1;
    this.#announcedBytes += sizeBytes;
    checkLimit('uploadFiles', this.#files, 'the upload');
    checkLimit('uploadPathLength', path.length, 'a path of the upload');
    checkLimit('uploadBytes', this.#announcedBytes, 'the upload');
    // The path comes from the network: only a plain one inside of the model's folder.
    const plain = posix.normalize(path);
    if (
      plain !== path ||
      plain.startsWith('/') ||
      plain.split('/').includes('..') ||
      plain.includes('\\') ||
      plain === '.'
    ) {
      throw new AsyncDiffError('invalid_input', `"${path}" is not a plain relative path`);
    }
    await claimRoom();
    const target = join(this.#folder, plain);
    await makeFolder(dirname(target));
    this.#file = await open(target, 'wx');
  }

  async write(data: Uint8Array): Promise<void> {
    this.leftBytes -= data.length;
    if (this.leftBytes < 0 || this.#file === undefined)
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
    if (this.leftBytes !== 0)
      throw new AsyncDiffError('invalid_input', `${this.leftBytes} bytes of the upload are missing`);
  }
}
