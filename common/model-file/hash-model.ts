import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { AsyncDiffError } from '../errors/index.js';
import type { ContentIndex } from './content-index.js';
import type { ModelFile, ModelFilePart } from './model-file.js';

/** SHA-256 of a file, in hex, read in pieces. */
async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
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
 *
 * @param index Remembers the files' hashes, where it is given.
 */
export async function hashModel(
  file: Pick<ModelFile, 'parts'>,
  signal?: AbortSignal,
  index?: ContentIndex,
): Promise<string> {
  const hashPart = async ({ path, sizeBytes }: ModelFilePart): Promise<string> => {
    if (index === undefined) return hashFile(path, signal);
    const [sha256] = await index.hashRanges([{ path, offsetBytes: 0, lengthBytes: sizeBytes }], { signal });
    return sha256 as string;
  };
  const [main, ...external] = file.parts;
  if (main === undefined) throw new AsyncDiffError('internal', 'a model without parts');
  if (external.length === 0) return hashPart(main);
  const lines: string[] = [];
  for (const part of file.parts) lines.push(`${await hashPart(part)} ${part.sizeBytes} ${part.name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
