import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { AsyncDiffError } from '../../common/errors/index.js';

/** How a user gets a whole folder from a PyTorch one (or from a model id); part of every error about a missing part. */
export function exportCommand(model = 'MODEL_ID'): string {
  const quoted = /^[\w./:-]+$/.test(model) ? model : `'${model.replaceAll("'", "'\\''")}'`;
  return `optimum-cli export onnx --model ${quoted} ${model === 'MODEL_ID' ? 'DIR' : `${quoted}-onnx`}`;
}

/** Of a file that says how to use the model, not of the model. */
const HINT = 'Correct that file, or take it from where the model came from.';

/**
 * Reads and checks one JSON file of a model folder.
 * Raises `model_not_found` when it is missing and `model_invalid` when it is not what the schema asks.
 */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>): T {
  const text = readTextFile(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AsyncDiffError('model_invalid', `${path} is not JSON`, { cause, hint: HINT });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new AsyncDiffError('model_invalid', `${path}: ${issues.join('; ')}`, { hint: HINT });
}

/** Reads one text file of a model folder; raises `model_not_found` when it is missing. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AsyncDiffError('model_not_found', `there is no file ${path}`, { cause });
  }
}

/** `model_not_found` for a part that a folder lacks. */
export function missingPart(folder: string, part: string): AsyncDiffError {
  return new AsyncDiffError('model_not_found', `${folder} has no ${part}`, {
    hint: `Make the folder with \`${exportCommand()}\`; a PyTorch folder of diffusers has to be exported first.`,
  });
}
