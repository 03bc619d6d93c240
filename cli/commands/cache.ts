import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { megabytes } from '../../common/byte-text.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type KeptFile, listKept, pruneKept } from '../../common/kept-files.js';
import { type CommandIo, writeJson } from '../io.js';
import { realNumber } from '../numbers.js';

interface ListFlags {
  readonly cache?: string;
  readonly json?: boolean;
}

interface PruneFlags extends ListFlags {
  readonly maxGb?: number;
}

const FOLDER =
  "folder of a worker's cache, or one with folders segments and plans as local runs make it (default: ~/.cache/asyncdiff)";

export function register(cache: Command, io: CommandIo): void {
  cache
    .command('ls')
    .description(
      'List what workers keep of models, and the plans that are kept, the least recently used first; and what the graphs take that plans are made from.',
    )
    .option('--cache <dir>', FOLDER)
    .option('--json', 'print one JSON document')
    .action((flags: ListFlags) => list(flags, io));
  cache
    .command('prune')
    .description(
      'Delete the least recently used, never what a worker of this host has open, nor graphs that were used in the last ten minutes.',
    )
    .option('--cache <dir>', FOLDER)
    .option('--max-gb <gb>', 'keep so much (default: 0)', realNumber('max-gb', 0, 1_000_000))
    .option('--json', 'print one JSON document')
    .action((flags: PruneFlags) => prune(flags, io));
}

async function list({ cache, json }: ListFlags, io: CommandIo): Promise<void> {
  const { defaultCacheDir, listCache } = await import('../../worker/artifacts/index.js');
  const dir = givenFolder(cache) ?? defaultCacheDir();
  const { artifacts, partBytes } = await listCache(dir);
  const { plans: plansDir, segments, prepared } = await coordinatorFolders(cache);
  const plans = await listKept(plansDir);
  const graphs = { segments: await listKept(segments), prepared: await listKept(prepared) };
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
      plans: {
        folder: plansDir,
        total_bytes: bytesOf(plans),
        plans: plans.map(({ name, sizeBytes, lastUsed }) => ({
          key: keyOf(name),
          size_bytes: sizeBytes,
          last_used: lastUsed.toISOString(),
        })),
      },
      segment_graphs: {
        folder: segments,
        count: graphs.segments.length,
        total_bytes: bytesOf(graphs.segments),
      },
      prepared_graphs: {
        folder: prepared,
        count: graphs.prepared.length,
        total_bytes: bytesOf(graphs.prepared),
      },
    });
    return;
  }
  for (const { sha256, sizeBytes, lastUsed, isInUse } of artifacts)
    io.stdout.write(
      `${sha256.slice(0, 16)}  ${megabytes(sizeBytes).padStart(11)}  ${lastUsed.toISOString()}${isInUse ? '  in use' : ''}\n`,
    );
  const parts = partBytes === 0 ? '' : `, and ${megabytes(partBytes)} of transfers that were cut`;
  io.stdout.write(`${artifacts.length} in ${dir}: ${megabytes(totalBytes)}${parts}\n`);
  for (const { name, sizeBytes, lastUsed } of plans)
    io.stdout.write(
      `${keyOf(name).slice(0, 16)}  ${megabytes(sizeBytes).padStart(11)}  ${lastUsed.toISOString()}  plan\n`,
    );
  io.stdout.write(`${plans.length} plan(s) in ${plansDir}: ${megabytes(bytesOf(plans))}\n`);
  io.stdout.write(
    `${graphs.segments.length} graph(s) of segments in ${segments}: ${megabytes(bytesOf(graphs.segments))}\n`,
  );
  io.stdout.write(
    `${graphs.prepared.length} folded graph(s) in ${prepared}: ${megabytes(bytesOf(graphs.prepared))}\n`,
  );
}

async function prune({ cache, maxGb = 0, json }: PruneFlags, io: CommandIo): Promise<void> {
  const { defaultCacheDir, pruneCache } = await import('../../worker/artifacts/index.js');
  const dir = givenFolder(cache) ?? defaultCacheDir();
  const { pruneGraphs } = await import('../../planner/index.js');
  const { plans: plansDir, segments, prepared } = await coordinatorFolders(cache);
  // Small, and the search for them is not: plans go first only where they alone are too much, then the graphs that they need.
  let leftBytes = maxGb * 1e9;
  const deletedPlanBytes = await pruneKept(plansDir, { maxBytes: leftBytes });
  leftBytes -= bytesOf(await listKept(plansDir));
  let deletedGraphBytes = 0;
  for (const folder of [segments, prepared]) {
    deletedGraphBytes += await pruneGraphs(folder, Math.max(0, leftBytes));
    leftBytes -= bytesOf(await listKept(folder));
  }
  const deletedBytes = await pruneCache(dir, leftBytes);
  if (json === true)
    writeJson(io, {
      schema: 'asyncdiff.cache-pruned/1',
      folder: dir,
      deleted_bytes: deletedBytes,
      deleted_plan_bytes: deletedPlanBytes,
      deleted_graph_bytes: deletedGraphBytes,
    });
  else
    io.stdout.write(
      `deleted ${megabytes(deletedBytes)} in ${dir}, ${megabytes(deletedPlanBytes)} of plans in ${plansDir}, ${megabytes(deletedGraphBytes)} of graphs beside them\n`,
    );
}

/** Where a coordinator's plans and graphs lie: of a folder that was named, in its folder `plans`. */
async function coordinatorFolders(
  cache: string | undefined,
): Promise<{ readonly plans: string; readonly segments: string; readonly prepared: string }> {
  const { defaultWorkDir, keptGraphFolders, keptPlansFolder } = await import('../../planner/index.js');
  const workDir = cache === undefined ? defaultWorkDir() : join(cache, 'plans');
  return { plans: keptPlansFolder(workDir), ...keptGraphFolders(workDir) };
}

function bytesOf(files: readonly KeptFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** What a plan's request is known by. */
function keyOf(name: string): string {
  return name.replace(/\.json$/, '');
}

/** A folder that was named must be there; the one by default may not have been made yet. */
function givenFolder(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (!isFolder(path)) throw new AsyncDiffError('file_not_found', `--cache: there is no folder ${path}`);
  const ofLocalRuns = join(path, 'segments');
  return isFolder(ofLocalRuns) ? ofLocalRuns : path;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
