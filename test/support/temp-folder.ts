import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder that is removed after the test, also when it fails (leave-nothing.ts). */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-test-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

export function removeTempFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
