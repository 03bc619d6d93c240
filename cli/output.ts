import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { makeFolder } from '../common/make-folder.js';
import { temporaryName } from '../common/temporary-file.js';
import { writeWhole } from '../common/write-whole.js';

/** Characters of a prompt that make a file's name. */
const MAX_STEM_LENGTH = 60;
/** Hexadecimal digits of a prompt's hash in a name. */
const DIGEST_LENGTH = 8;
const ENCODERS = ['.png', '.jpg', '.jpeg', '.webp', '.npy'];

/** What is asked of the coordinator for a picture of this name: an array needs what was not rounded. */
export function outputTypeOf(path: string): 'png' | 'np' {
  return extname(path).toLowerCase() === '.npy' ? 'np' : 'png';
}

/** Makes the folder of an output file, before the work that it is to hold begins. Throws `invalid_settings`. */
export async function prepareOutput(path: string, extensions: readonly string[] = ENCODERS): Promise<void> {
  if (!extensions.includes(extname(path).toLowerCase())) {
    throw new AsyncDiffError(
      'invalid_settings',
      `--out ${path}: its ending must be one of ${extensions.join(', ')}`,
    );
  }
  await prepareFile(path);
}

/** Makes the folder of a file and writes there once, since permissions alone do not tell. Throws `invalid_settings`. */
export async function prepareFile(path: string): Promise<void> {
  await prepare(`cannot write ${path}`, async () => {
    await makeFolder(dirname(path));
    if ((await stat(path).catch(() => undefined))?.isDirectory() === true) throw new Error('it is a folder');
    await tryWriting(path);
  });
}

/** Makes a folder that results go to, and writes there once. Throws `invalid_settings`. */
export async function prepareFolder(folder: string): Promise<void> {
  await prepare(`cannot write to the folder ${folder}`, async () => {
    await makeFolder(folder);
    await tryWriting(join(folder, 'asyncdiff'));
  });
}

async function prepare(failure: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new AsyncDiffError('invalid_settings', `${failure}: ${AsyncDiffError.from(cause).rawMessage}`, {
      cause,
      hint: 'Give a path in a folder that this user may write to.',
    });
  }
}

async function tryWriting(path: string): Promise<void> {
  const temporary = temporaryName(path);
  await writeFile(temporary, '');
  await rm(temporary);
}

/** `apple.png`, or `apple-0.png`, `apple-1.png`, ... */
export function imagePaths(out: string, count: number): string[] {
  if (count === 1) return [out];
  const ending = extname(out);
  const stem = join(dirname(out), basename(out, ending));
  return Array.from({ length: count }, (_, index) => `${stem}-${index}${ending}`);
}

/** `red-apple`: the words of a prompt as a part of a file's name. */
function promptStem(prompt: string): string {
  return wordsOf(prompt).slice(0, MAX_STEM_LENGTH).replace(/-+$/, '') || 'picture';
}

/** The same; where the prompt is longer, with a part of its SHA-256, so that prompts which begin alike have different names. */
export function distinctStem(prompt: string): string {
  const digest = createHash('sha256').update(prompt).digest('hex').slice(0, DIGEST_LENGTH);
  const isCut = wordsOf(prompt).length > MAX_STEM_LENGTH;
  return isCut ? `${promptStem(prompt)}-${digest}` : promptStem(prompt);
}

function wordsOf(prompt: string): string {
  return (prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join('-');
}

/** `red-apple-0.png`, ...: names made of a prompt, numbered on from those that are here. */
export function promptPaths(prompt: string, count: number, ending = '.png'): string[] {
  const stem = promptStem(prompt);
  let first = 0;
  while (existsSync(`${stem}-${first}${ending}`)) first += 1;
  return Array.from({ length: count }, (_, index) => `${stem}-${first + index}${ending}`);
}

/** Writes a picture as it came (PNG, or .npy for such a name) under a name that says how to encode it; it appears whole or not at all. */
export async function writeImage(path: string, image: Uint8Array): Promise<void> {
  const ending = extname(path).toLowerCase();
  await writeWhole(path, ['.png', '.npy'].includes(ending) ? image : await reencode(image, ending));
}

async function reencode(png: Uint8Array, ending: string): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const image = sharp(png);
  return ending === '.webp' ? image.webp({ quality: 95 }).toBuffer() : image.jpeg({ quality: 95 }).toBuffer();
}
