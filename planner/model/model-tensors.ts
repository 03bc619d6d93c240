import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type ContentIndex,
  type FileRange,
  type FileState,
  fileState,
  type HashOptions,
  type TensorProto,
  tensorRange,
} from '../../common/model-file/index.js';
import { type Skeleton, visitNodeTensors } from './skeleton.js';

/** The tensors of a model by content: where each lies, and what it is called. */
export class ModelTensors {
  readonly #folder: string;
  readonly #sha256Of: ReadonlyMap<string, string>;
  /** Where a tensor lies, by its SHA-256. */
  readonly ranges: ReadonlyMap<string, FileRange>;
  /** The files that they lie in, as they were when they were hashed. */
  readonly sources: readonly FileState[];

  private constructor(parts: {
    readonly folder: string;
    readonly sha256Of: ReadonlyMap<string, string>;
    readonly ranges: ReadonlyMap<string, FileRange>;
    readonly sources: readonly FileState[];
  }) {
    this.#folder = parts.folder;
    this.#sha256Of = parts.sha256Of;
    this.ranges = parts.ranges;
    this.sources = parts.sources;
  }

  /**
   * Hashes the tensors of a skeleton that are in files; those that the index knows are not read.
   *
   * @param onProgress Bytes that were hashed, of all that had to be.
   */
  static async hash(
    skeleton: Skeleton,
    index: ContentIndex,
    options: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: (done: number, total: number) => void;
      readonly onThreads?: HashOptions['onThreads'];
    } = {},
  ): Promise<ModelTensors> {
    const found = tensorRanges(skeleton);
    const total = await index.unknownBytes(found);
    let done = 0;
    const hashOptions: HashOptions = {
      signal: options.signal,
      onThreads: options.onThreads,
      onBytes: (bytes) => {
        done += bytes;
        options.onProgress?.(done, total);
      },
    };
    const hashes = await index.hashRanges(found, hashOptions);
    const sha256Of = new Map<string, string>();
    const ranges = new Map<string, FileRange>();
    found.forEach((range, at) => {
      const sha256 = hashes[at] as string;
      sha256Of.set(keyOf(range), sha256);
      if (!ranges.has(sha256)) ranges.set(sha256, range);
    });
    const paths = new Set(found.map(({ path }) => path));
    const sources = await Promise.all([...paths].map(fileState));
    return new ModelTensors({ folder: skeleton.folder, sha256Of, ranges, sources });
  }

  /** SHA-256 of a tensor's data, hex; undefined for one whose data is in memory. */
  sha256(tensor: TensorProto): string | undefined {
    const range = tensorRange(tensor, this.#folder);
    if (range === undefined) return undefined;
    const sha256 = this.#sha256Of.get(keyOf(range));
    if (sha256 === undefined)
      throw new AsyncDiffError('internal', `tensor ${tensor.name ?? ''} was not hashed`);
    return sha256;
  }
}

/** Where the tensors of a skeleton lie that are in files. */
export function tensorRanges(skeleton: Skeleton): FileRange[] {
  const found: FileRange[] = [];
  const visit = (tensor: TensorProto): void => {
    const range = tensorRange(tensor, skeleton.folder);
    if (range !== undefined) found.push(range);
  };
  for (const tensor of skeleton.weights.values()) visit(tensor);
  visitNodeTensors(skeleton, visit);
  return found;
}

function keyOf({ path, offsetBytes, lengthBytes }: FileRange): string {
  return `${path}\n${offsetBytes}+${lengthBytes}`;
}
