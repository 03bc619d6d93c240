import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { AsyncDiffError } from '../../common/errors/index.js';
import { externalRange, resolveExternal } from '../../common/model-file/index.js';
import {
  encodeGraph,
  encodeModel,
  encodeTensor,
  type ModelProto,
  type TensorProto,
} from '../../common/model-file/index.js';
import { readTensorData, tensorDims } from './tensor-data.js';

/** A file as it was written. */
export interface WrittenFile {
  /** SHA-256 of its bytes, hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** One buffer for all weights: fresh memory costs more than the copying. */
const COPY_BYTES = 4 << 20;
/** Tags of length-delimited fields: ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.raw_data = 9. */
const GRAPH_TAG = (7 << 3) | 2;
const INITIALIZER_TAG = (5 << 3) | 2;
const RAW_DATA_TAG = (9 << 3) | 2;
const MAX_MESSAGE_BYTES = 2 ** 31 - 1;

/** A weight on its way: what stands before its data, and where the data is. */
interface Piece {
  readonly head: Buffer;
  readonly data:
    | Uint8Array
    | { readonly path: string; readonly offsetBytes: number; readonly lengthBytes: number };
}

/**
 * Writes a model with `weights` as its initializers, their data inside the file. Data that lies in a file in `folder`
 * is copied from there piece by piece, so that memory does not grow with the model. Equal models give equal bytes.
 *
 * @param nameOf Where the file goes once it is whole, by its SHA-256; `temporaryPath` is on the same file system.
 */
export function writeModel(
  model: ModelProto,
  weights: readonly TensorProto[],
  folder: string,
  temporaryPath: string,
  nameOf: (sha256: string) => string,
): WrittenFile & { readonly path: string } {
  const pieces = weights.map((tensor) => weightPiece(tensor, folder));
  const graph = encodeGraph({ ...model.graph, initializer: [] });
  const graphBytes = pieces.reduce((sum, { head, data }) => sum + head.length + lengthOf(data), graph.length);
  const { graph: _, ...rest } = model;
  const start = Buffer.concat([encodeModel(rest), Buffer.from([GRAPH_TAG]), varint(graphBytes), graph]);
  if (start.length + graphBytes - graph.length > MAX_MESSAGE_BYTES) {
    throw new AsyncDiffError('partition_impossible', 'a segment is larger than an ONNX file can be (2 GB)');
  }
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = openSync(temporaryPath, 'w');
  const put = (bytes: Uint8Array): void => {
    hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done);
    sizeBytes += bytes.length;
  };
  try {
    put(start);
    const buffer = Buffer.allocUnsafe(COPY_BYTES);
    for (const { head, data } of pieces) {
      put(head);
      if (data instanceof Uint8Array) put(data);
      else copyRange(data, buffer, put);
    }
  } catch (error) {
    closeSync(file);
    rmSync(temporaryPath, { force: true });
    throw error;
  }
  closeSync(file);
  const sha256 = hash.digest('hex');
  const path = nameOf(sha256);
  renameSync(temporaryPath, path);
  return { sha256, sizeBytes, path };
}

function weightPiece(tensor: TensorProto, folder: string): Piece {
  const range = externalRange(tensor);
  let data: Piece['data'];
  if (range?.lengthBytes !== undefined) {
    const path = resolveExternal(folder, range.location);
    data = { path, offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes };
  } else {
    const bytes = readTensorData(tensor, folder);
    // Strings have no raw bytes: such a tensor goes as it is.
    if (bytes === undefined)
      return { head: delimited(INITIALIZER_TAG, encodeTensor(tensor)), data: new Uint8Array() };
    data = bytes;
  }
  const start = encodeTensor({
    name: tensor.name ?? '',
    data_type: tensor.data_type ?? 0,
    dims: tensorDims(tensor),
  });
  const raw = Buffer.concat([Buffer.from([RAW_DATA_TAG]), varint(lengthOf(data))]);
  const length = varint(start.length + raw.length + lengthOf(data));
  return { head: Buffer.concat([Buffer.from([INITIALIZER_TAG]), length, start, raw]), data };
}

function copyRange(
  range: { readonly path: string; readonly offsetBytes: number; readonly lengthBytes: number },
  buffer: Buffer,
  put: (bytes: Uint8Array) => void,
): void {
  const file = openSync(range.path, 'r');
  try {
    for (let done = 0; done < range.lengthBytes; ) {
      const want = Math.min(buffer.length, range.lengthBytes - done);
      const read = readSync(file, buffer, 0, want, range.offsetBytes + done);
      if (read === 0) throw new AsyncDiffError('model_invalid', `${range.path} is shorter than its weights`);
      put(buffer.subarray(0, read));
      done += read;
    }
  } finally {
    closeSync(file);
  }
}

function lengthOf(data: Piece['data']): number {
  return data instanceof Uint8Array ? data.length : data.lengthBytes;
}

function delimited(tag: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
}

/** A protobuf varint; bit operators would cut lengths at 2^31. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
