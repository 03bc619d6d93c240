import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AsyncDiffError } from '../errors/index.js';
import { externalRange, resolveExternal } from './external-data.js';
import { visitTensors } from './graph-walk.js';
import { decodeModel, type ModelProto } from './onnx-proto.js';

/** A file that belongs to a model. */
export interface ModelPart {
  /** `model.onnx` for the model file whatever its name on disk; for external data its location as the model writes it. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** A model read from disk: its graph in memory, its external weights not. */
export interface ModelFile {
  readonly path: string;
  /** Folder that external-data locations are relative to. */
  readonly folder: string;
  readonly model: ModelProto;
  /** The model file first, then its external-data files in byte order of their names. */
  readonly parts: readonly ModelPart[];
}

/** A protobuf message, and so a model file, is at most this long. */
const MAX_MODEL_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX model. Weights in external-data files stay on disk; their paths are checked here, before anything opens them.
 *
 * @throws AsyncDiffError `model_not_found`, `model_invalid` (not an ONNX model, or an external path that is not
 * allowed), `file_not_found` (an external-data file is missing).
 */
export function loadModelFile(modelPath: string): ModelFile {
  const path = resolve(modelPath);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new AsyncDiffError('model_not_found', `there is no model ${modelPath}`);
  if (!stats.isFile()) throw new AsyncDiffError('model_not_found', `${modelPath} is not a file`);
  if (stats.size > MAX_MODEL_FILE_BYTES) {
    throw new AsyncDiffError('model_invalid', `${modelPath} is longer than an ONNX file can be (2 GB)`);
  }
  const model = decodeModel(readFileSync(path), modelPath);
  const folder = dirname(path);
  return { path, folder, model, parts: listParts(path, folder, model, stats.size) };
}

function listParts(path: string, folder: string, model: ModelProto, sizeBytes: number): ModelPart[] {
  const locations = new Set<string>();
  if (model.graph) {
    visitTensors(model.graph, (tensor) => {
      const range = externalRange(tensor);
      if (range) locations.add(range.location);
    });
  }
  const external = [...locations]
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => {
      const file = resolveExternal(folder, name);
      return { name, path: file, sizeBytes: statSync(file).size };
    });
  return [{ name: 'model.onnx', path, sizeBytes }, ...external];
}

/** SHA-256 of a file, in hex, read in pieces. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const options = { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) };
  for await (const chunk of createReadStream(path, options)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Content address of a whole model, 64 hex digits. Of a model in one file it is the file's SHA-256 (what `sha256sum`
 * prints), whatever the file is called. With external data it is the SHA-256 of this text, one line per part in the
 * order of {@link ModelFile.parts}, each ended by a newline:
 *
 *     <SHA-256 of the part, hex> <its size in bytes, decimal> <its name>
 *
 * where the model file's name is always `model.onnx`.
 */
export async function hashModel(file: Pick<ModelFile, 'parts'>, signal?: AbortSignal): Promise<string> {
  const [main, ...external] = file.parts;
  if (main === undefined) throw new AsyncDiffError('internal', 'a model without parts');
  if (external.length === 0) return hashFile(main.path, signal);
  const lines: string[] = [];
  for (const part of file.parts) {
    lines.push(`${await hashFile(part.path, signal)} ${part.sizeBytes} ${part.name}\n`);
  }
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** Name of a model for messages: its folder and file. */
export function modelLabel(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}
