import { availableParallelism } from 'node:os';
import { type BenchConfig, type BenchWorker, workersWanted } from './bench/index.js';
import { BUNDLED_MODEL } from './bundled-model.js';
import { type ClusterFlags, openCluster } from './cluster-flags.js';
import type { CommandIo } from './io.js';

type BenchClusterFlags = ClusterFlags & { readonly model?: string | undefined };

/** Local workers that have to share cores cannot run at the same time, whatever the plan. */
export function coreWarnings(workers: readonly BenchWorker[]): string[] {
  const cores = availableParallelism();
  const threads = workers.reduce((sum, worker) => sum + (worker.declared ? 0 : worker.threads), 0);
  if (threads <= cores) return [];
  return [
    `local workers have ${threads} threads together on ${cores} cores: speed-ups are those of this machine, not of as many hosts`,
  ];
}

/** Local workers by default: as many as the widest configuration can use, but on real devices no more than there are cores for. */
export function openBenchCluster(flags: BenchClusterFlags, io: CommandIo, configs: readonly BenchConfig[]) {
  if (flags.coordinator !== undefined) return openCluster(flags, io, {});
  const declared = flags.device?.startsWith('declared:') === true;
  const wanted = Math.max(...configs.map(workersWanted));
  const localWorkers =
    flags.localWorkers ?? (declared ? wanted : Math.min(wanted, Math.max(2, availableParallelism())));
  // Threads of a declared device compute nothing.
  const threads = flags.threads ?? (declared ? 1 : undefined);
  return openCluster({ ...flags, localWorkers, ...(threads === undefined ? {} : { threads }) }, io, {
    modelDir: declared ? undefined : (flags.model ?? BUNDLED_MODEL),
  });
}

/** As a shell takes it. */
export function commandLine(args: readonly string[]): string {
  return ['asyncdiff', ...args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
