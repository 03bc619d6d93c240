import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { AsyncDiffError } from '../../common/errors/index.js';

/** How a user gets a whole folder; part of every error about a missing part. */
export const EXPORT_COMMAND = 'optimum-cli export onnx --model MODEL_ID DIR';

/**
 * Reads and checks one JSON file of a model folder.
 * Raises `model_not_found` when it is missing and `model_invalid` when it is not what the schema asks.
 */
export async function readJsonPart<T>(folder: string, part: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readTextPart(folder, part);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AsyncDiffError('model_invalid', `${join(folder, part)} is not JSON`, { cause });
  }
  return checked(schema, json, join(folder, part));
}

/** Reads one text file of a model folder; raises `model_not_found` when it is missing. */
export async function readTextPart(folder: string, part: string): Promise<string> {
  try {
    return await readFile(join(folder, part), 'utf8');
  } catch (cause) {
    throw missingPart(folder, part, cause);
  }
}

/** `model_not_found` for a part that a folder lacks. */
export function missingPart(folder: string, part: string, cause?: unknown): AsyncDiffError {
  return new AsyncDiffError('model_not_found', `${folder} has no ${part}`, {
    hint: `Make the folder with \`${EXPORT_COMMAND}\`; a PyTorch folder of diffusers has to be exported first.`,
    cause,
  });
}

function checked<T>(schema: z.ZodType<T>, json: unknown, path: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new AsyncDiffError('model_invalid', `${path}: ${issues.join('; ')}`);
}
