import { writeFile } from 'node:fs/promises';
import { AsyncDiffError } from '../errors/index.js';
import { readWhole } from '../read-whole.js';
import { arrayOf, elementCount, formatDims, type Tensor, tensorBytes } from '../tensor/index.js';
import { formatHeader, parseHeader, unreadable } from './npy-header.js';

/**
 * Reads a NumPy .npy file (format 1.0 to 3.0, little-endian, C order). Throws `file_not_found` or `file_unreadable`.
 */
export async function readNpy(path: string): Promise<Tensor> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(path);
  } catch (cause) {
    throw fileError(path, 'read', cause);
  }
  return parseNpy(bytes, path);
}

/** The tensor in the bytes of a .npy file; the data is copied. `source` names the file in errors (`file_unreadable`). */
export function parseNpy(bytes: Uint8Array, source: string): Tensor {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { dtype, dims, dataOffsetBytes } = parseHeader(buffer, source);
  const expectedBytes = tensorBytes(dtype, dims);
  const actualBytes = bytes.byteLength - dataOffsetBytes;
  if (actualBytes !== expectedBytes) {
    const what = actualBytes < expectedBytes ? 'is truncated' : 'has data after its end';
    throw unreadable(
      source,
      `${what}: ${dtype}${formatDims(dims)} takes ${expectedBytes} bytes, there are ${actualBytes}`,
    );
  }
  const data = new (arrayOf(dtype))(elementCount(dims));
  new Uint8Array(data.buffer).set(bytes.subarray(dataOffsetBytes));
  return { dtype, dims, data };
}

/** Writes a tensor as a .npy file (format 1.0). Throws `file_not_found` where the folder is missing, else `file_unreadable`. */
export async function writeNpy(path: string, tensor: Tensor): Promise<void> {
  try {
    await writeFile(path, formatNpy(tensor));
  } catch (cause) {
    throw fileError(path, 'write', cause);
  }
}

/** The bytes of a .npy file (format 1.0) that holds the tensor. */
export function formatNpy(tensor: Tensor): Buffer {
  const { dtype, dims, data } = tensor;
  if (data.length !== elementCount(dims)) {
    throw new AsyncDiffError(
      'internal',
      `${dtype}${formatDims(dims)} with ${data.length} elements cannot be written`,
    );
  }
  return Buffer.concat([
    formatHeader(dtype, dims),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

function fileError(path: string, verb: string, cause: unknown): AsyncDiffError {
  if (cause instanceof AsyncDiffError) return cause;
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  if (isMissing) {
    const what = verb === 'read' ? 'does not exist' : 'cannot be written: its folder does not exist';
    return new AsyncDiffError('file_not_found', `${path} ${what}`, { cause });
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new AsyncDiffError('file_unreadable', `cannot ${verb} ${path}: ${detail}`, { cause });
}
