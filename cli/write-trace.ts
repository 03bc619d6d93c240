import { dirname } from 'node:path';
import { makeFolder } from '../common/make-folder.js';
import { writeWhole } from '../common/write-whole.js';

/** Writes a Chrome trace; open it at ui.perfetto.dev or chrome://tracing. */
export async function writeTrace(path: string, trace: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeWhole(path, trace);
}
