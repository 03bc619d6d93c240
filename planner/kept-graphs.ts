import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pruneKept, touchKept } from '../common/kept-files.js';
import type { Plan } from './plan.js';

/** What each folder may hold. A folded SDXL takes 4 MB, its segments together as much. */
const MAX_BYTES = 1e9;
/** What was used so lately may be on its way to a worker. */
const IN_USE_MS = 600_000;

/** Folders of a work folder with graphs without weights: what segments are cut from, and the segments. The first is made from the model, the second from the first. */
export function keptGraphFolders(workDir: string): { readonly segments: string; readonly prepared: string } {
  return { segments: join(workDir, 'segments'), prepared: join(workDir, 'prepared') };
}

/** Deletes the least recently used of a folder of graphs, but for what was used in the last ten minutes. Returns what was deleted, bytes. */
export async function pruneGraphs(folder: string, maxBytes: number = MAX_BYTES): Promise<number> {
  return pruneKept(folder, { maxBytes, unusedForMs: IN_USE_MS });
}

/** Keeps both folders of a work folder within what they may hold. Best effort. */
export async function limitGraphs(workDir: string): Promise<void> {
  const { segments, prepared } = keptGraphFolders(workDir);
  for (const folder of [segments, prepared]) await pruneGraphs(folder).catch(() => 0);
}

/** The segments' graphs of a plan are used now. Whether all are there. */
export async function useGraphs({ specs, artifacts }: Pick<Plan, 'specs' | 'artifacts'>): Promise<boolean> {
  const paths = [...new Set(specs.map(({ sha256 }) => sha256))].flatMap(
    (sha256) => artifacts.get(sha256)?.path ?? [],
  );
  await Promise.all(paths.map(touchKept));
  return paths.every((path) => existsSync(path));
}
