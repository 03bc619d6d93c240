import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { makeFolderSync } from '../../common/make-folder.js';
import {
  ContentIndex,
  encodeModel,
  type FileRange,
  namedByContent,
  type TensorProto,
  tensorRange,
  visitModel,
} from '../../common/model-file/index.js';
import { loadWidened } from './widen-bfloat16.js';
import { writeWholeSync } from '../../common/write-whole.js';

/** A model that is not cut: its graph, and the tensors that it names by content. */
export interface WholeModel {
  /** SHA-256 of the graph. */
  readonly sha256: string;
  /** The graph and its tensors, where they lie, by SHA-256. */
  readonly artifacts: ReadonlyMap<string, FileRange>;
  /** Graph and tensors together. */
  readonly sizeBytes: number;
}

/**
 * Writes a model as a small graph that names its tensors by content, beside those of the segments. Nothing in it is changed but bfloat16, and no weight
 * is copied; weights are read once, to be hashed.
 *
 * @throws AsyncDiffError `model_not_found`, `model_invalid`, `file_not_found`, `cache_unwritable`
 */
export async function exportWhole(modelPath: string, workDir: string): Promise<WholeModel> {
  const file = loadWidened(modelPath);
  const stored: { readonly tensor: TensorProto; readonly range: FileRange }[] = [];
  visitModel(file.model, (tensor) => {
    const range = tensorRange(tensor, file.folder);
    if (range !== undefined) stored.push({ tensor, range });
  });
  const hashes = await new ContentIndex(join(workDir, 'hashes')).hashRanges(stored.map(({ range }) => range));
  const artifacts = new Map<string, FileRange>();
  stored.forEach(({ tensor, range }, at) => {
    const sha256 = hashes[at] as string;
    Object.assign(tensor, namedByContent(tensor, sha256, range.lengthBytes));
    artifacts.set(sha256, range);
  });
  const bytes = encodeModel(file.model);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const folder = join(workDir, 'segments');
  makeFolderSync(folder);
  const path = join(folder, `${sha256}.onnx`);
  writeWholeSync(path, bytes);
  artifacts.set(sha256, { path, offsetBytes: 0, lengthBytes: bytes.length });
  const sizeBytes = [...artifacts.values()].reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  return { sha256, artifacts, sizeBytes };
}
