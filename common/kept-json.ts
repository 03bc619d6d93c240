import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';

/** What was kept as JSON; undefined where there is none, or it is damaged: valid JSON of another shape is damaged too. */
export async function readKeptJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  return parse(await readFile(path, 'utf8').catch(() => undefined), schema);
}

/** The same for who cannot wait. */
export function readKeptJsonSync<T>(path: string, schema: z.ZodType<T>): T | undefined {
  let text: string | undefined;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // None yet.
  }
  return parse(text, schema);
}

function parse<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
