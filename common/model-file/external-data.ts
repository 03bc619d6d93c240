import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { AsyncDiffError } from '../errors/index.js';
import type { TensorProto } from './onnx-proto.js';

/** Where a tensor's bytes lie outside the model file. */
interface ExternalRange {
  /** Relative path, as the model writes it. */
  readonly location: string;
  readonly offsetBytes: number;
  /** Undefined: to the end of the file. */
  readonly lengthBytes: number | undefined;
}

/** The range that a tensor with `data_location` EXTERNAL names; undefined for other tensors. */
export function externalRange(tensor: TensorProto): ExternalRange | undefined {
  if (tensor.data_location !== 1) return undefined;
  const entries = new Map((tensor.external_data ?? []).map((pair) => [pair.key ?? '', pair.value ?? '']));
  const location = entries.get('location') ?? '';
  const offsetBytes = Number(entries.get('offset') ?? 0);
  const length = entries.get('length');
  const lengthBytes = length === undefined ? undefined : Number(length);
  if (!isSize(offsetBytes) || (lengthBytes !== undefined && !isSize(lengthBytes))) {
    throw new AsyncDiffError(
      'model_invalid',
      `weight ${tensor.name ?? ''}: external data range is not valid`,
    );
  }
  return { location, offsetBytes, lengthBytes };
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * The file that an external-data location means. The location comes from an untrusted model: it must be a plain relative path, and what
 * it leads to a regular file. A link beside the model may lead anywhere (a Hugging Face cache is made of them): whoever put it
 * there could have put the file there.
 *
 * @throws AsyncDiffError `model_invalid` for a path that is not allowed, `file_not_found` for a missing file.
 */
export function resolveExternal(folder: string, location: string): string {
  const parts = location.split(/[/\\]/);
  const plain = location !== '' && !isAbsolute(location) && !/^[A-Za-z]:/.test(location);
  if (!plain || parts.some((part) => part === '..' || part === '' || part.includes('\0'))) {
    throw new AsyncDiffError(
      'model_invalid',
      `external data path ${JSON.stringify(location)} is not a plain path inside the model's folder`,
      { hint: 'Save the model again with its weights beside it (onnx.save with external data).' },
    );
  }
  const path = join(folder, ...parts);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new AsyncDiffError(
      'file_not_found',
      `external data file ${location} of the model is not in ${folder}`,
      { hint: 'Copy the weight files that belong to the model beside it.' },
    );
  }
  if (!stats.isFile()) {
    throw new AsyncDiffError(
      'model_invalid',
      `external data file ${location} of the model in ${folder} is not a regular file`,
      { hint: 'Put the weight file itself there, or a link to it.' },
    );
  }
  return realpathSync(path);
}
