import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type CommandIo, writeJson } from '../io.js';
import { realNumber } from '../numbers.js';

interface ListFlags {
  readonly cache?: string;
  readonly json?: boolean;
}

interface PruneFlags extends ListFlags {
  readonly maxGb?: number;
}

const FOLDER = "folder of a worker's cache (default: ~/.cache/asyncdiff/segments)";

export function register(cache: Command, io: CommandIo): void {
  cache
    .command('ls')
    .description('List what workers keep of models, the least recently used first.')
    .option('--cache <dir>', FOLDER)
    .option('--json', 'print one JSON document')
    .action((flags: ListFlags) => list(flags, io));
  cache
    .command('prune')
    .description('Delete the least recently used, never what a worker of this host has open.')
    .option('--cache <dir>', FOLDER)
    .option('--max-gb <gb>', 'keep so much (default: 0)', realNumber('max-gb', 0, 1_000_000))
    .option('--json', 'print one JSON document')
    .action((flags: PruneFlags) => prune(flags, io));
}

async function list({ cache, json }: ListFlags, io: CommandIo): Promise<void> {
  const { defaultCacheDir, listCache } = await import('../../worker/artifacts/index.js');
  const dir = givenFolder(cache) ?? defaultCacheDir();
  const { artifacts, partBytes } = await listCache(dir);
  const totalBytes = artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (json === true) {
    writeJson(io, {
      schema: 'asyncdiff.cache/1',
      folder: dir,
      total_bytes: totalBytes,
      part_bytes: partBytes,
      artifacts: artifacts.map(({ sha256, sizeBytes, lastUsed, isInUse }) => ({
        sha256,
        size_bytes: sizeBytes,
        last_used: lastUsed.toISOString(),
        in_use: isInUse,
      })),
    });
    return;
  }
  for (const { sha256, sizeBytes, lastUsed, isInUse } of artifacts)
    io.stdout.write(
      `${sha256.slice(0, 16)}  ${megabytes(sizeBytes).padStart(11)}  ${lastUsed.toISOString()}${isInUse ? '  in use' : ''}\n`,
    );
  const parts = partBytes === 0 ? '' : `, and ${megabytes(partBytes)} of transfers that were cut`;
  io.stdout.write(`${artifacts.length} in ${dir}: ${megabytes(totalBytes)}${parts}\n`);
}

async function prune({ cache, maxGb = 0, json }: PruneFlags, io: CommandIo): Promise<void> {
  const { defaultCacheDir, pruneCache } = await import('../../worker/artifacts/index.js');
  const dir = givenFolder(cache) ?? defaultCacheDir();
  const deletedBytes = await pruneCache(dir, maxGb * 1e9);
  if (json === true)
    writeJson(io, { schema: 'asyncdiff.cache-pruned/1', folder: dir, deleted_bytes: deletedBytes });
  else io.stdout.write(`deleted ${megabytes(deletedBytes)} in ${dir}\n`);
}

/** A folder that was named must be there; the one by default may not have been made yet. */
function givenFolder(path: string | undefined): string | undefined {
  if (path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new AsyncDiffError('file_not_found', `--cache: there is no folder ${path}`);
  return path;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
