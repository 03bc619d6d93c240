import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from './output.js';

/** Writes a Chrome trace; open it at ui.perfetto.dev or chrome://tracing. */
export async function writeTrace(path: string, trace: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, trace);
}
