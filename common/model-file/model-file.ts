import { closeSync, openSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { AsyncDiffError } from '../errors/index.js';
import { visitModel } from './content-tensor.js';
import { dtypeOf } from './data-type.js';
import { externalRange, resolveExternal } from './external-data.js';
import type { FileRange } from './file-range.js';
import { decodeModel, type ModelProto, type TensorProto } from './onnx-proto.js';
import { ProtoWindow } from './proto-window.js';
import { MIN_RANGE_BYTES, reduceModel } from './reduce-model.js';
import { readRange, storedBytes } from './tensor-data.js';

/** A file that belongs to a model. */
export interface ModelFilePart {
  /** `model.onnx` for the model file whatever its name on disk; for external data its location as the model writes it. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * A model read from disk: its graph in memory, its weights not. Tensor data of 512 bytes and more is external data, also where it lies in the
 * model file itself; shorter data is in memory.
 */
export interface ModelFile {
  readonly path: string;
  /** Folder that external-data locations are relative to. */
  readonly folder: string;
  readonly model: ModelProto;
  /** The model file first, then its external-data files in byte order of their names. */
  readonly parts: readonly ModelFilePart[];
}

/** A protobuf message, and so a model file, is at most this long. */
const MAX_MODEL_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX model. Weights stay on disk; the paths of external-data files are checked here, before anything opens them.
 *
 * @throws AsyncDiffError `model_not_found`, `model_invalid` (not an ONNX model, or an external path that is not
 * allowed, or a file that is shorter than its weights), `file_not_found` (an external-data file is missing).
 */
export function loadModelFile(modelPath: string): ModelFile {
  const path = resolve(modelPath);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new AsyncDiffError('model_not_found', `there is no model ${modelPath}`);
  if (!stats.isFile()) throw new AsyncDiffError('model_not_found', `${modelPath} is not a file`);
  if (stats.size > MAX_MODEL_FILE_BYTES) {
    throw new AsyncDiffError('model_invalid', `${modelPath} is longer than an ONNX file can be (2 GB)`);
  }
  const model = decodeModel(readReduced(path, stats.size, modelPath), modelPath);
  const folder = dirname(path);
  const parts = listParts(path, folder, model, stats.size);
  checkRanges(model, parts, path);
  return { path, folder, model, parts };
}

function readReduced(path: string, sizeBytes: number, label: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    return reduceModel(new ProtoWindow(file, sizeBytes), path);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AsyncDiffError('model_invalid', `${label} is not an ONNX model: ${error.message}`, {
      cause: error,
    });
  } finally {
    closeSync(file);
  }
}

function listParts(path: string, folder: string, model: ModelProto, sizeBytes: number): ModelFilePart[] {
  const locations = new Set<string>();
  visitModel(model, (tensor) => {
    const range = externalRange(tensor);
    if (range) locations.add(range.location);
  });
  locations.delete(basename(path));
  const external = [...locations]
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => {
      const file = resolveExternal(folder, name);
      return { name, path: file, sizeBytes: statSync(file).size };
    });
  return [{ name: 'model.onnx', path, sizeBytes }, ...external];
}

/** Holds every external range against its file and the tensor's shape, and reads the short ones. */
function checkRanges(model: ModelProto, parts: readonly ModelFilePart[], path: string): void {
  const files = new Map(parts.map((part) => [part.name, part]));
  const [main] = parts;
  if (main !== undefined) files.set(basename(path), main);
  visitModel(model, (tensor) => {
    const range = externalRange(tensor);
    const file = range === undefined ? undefined : files.get(range.location);
    if (range === undefined || file === undefined) return;
    const lengthBytes = range.lengthBytes ?? Math.max(0, file.sizeBytes - range.offsetBytes);
    const who = `weight ${tensor.name ?? ''}`;
    if (dtypeOf(tensor.data_type) !== undefined && lengthBytes !== storedBytes(tensor)) {
      throw new AsyncDiffError(
        'model_invalid',
        `${who}: its external data has ${lengthBytes} bytes, its shape needs ${storedBytes(tensor)}`,
      );
    }
    if (range.offsetBytes + lengthBytes > file.sizeBytes) {
      throw new AsyncDiffError(
        'model_invalid',
        `${who} ends at byte ${range.offsetBytes + lengthBytes} of ${range.location}, which has ${file.sizeBytes}: it was cut short`,
        { hint: 'Copy or download the file again.' },
      );
    }
    if (lengthBytes >= MIN_RANGE_BYTES) return;
    tensor.raw_data = readRange({ path: file.path, offsetBytes: range.offsetBytes, lengthBytes });
    tensor.data_location = 0;
    tensor.external_data = [];
  });
}

/** Where the external data of a tensor lies; undefined for a tensor whose data is in memory. A range without a length ends with its file. */
export function tensorRange(tensor: TensorProto, folder: string): FileRange | undefined {
  const range = externalRange(tensor);
  if (range === undefined) return undefined;
  const path = resolveExternal(folder, range.location);
  const lengthBytes = range.lengthBytes ?? Math.max(0, statSync(path).size - range.offsetBytes);
  return { path, offsetBytes: range.offsetBytes, lengthBytes };
}

/** Name of a model for messages: its folder and file. */
export function modelLabel(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}
