import type { Command } from 'commander';
import type { AsyncDiffClient } from '../client/index.js';
import { abortable } from '../common/abort.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { flag } from './flag.js';
import type { CommandIo } from './io.js';
import type { LocalCluster } from '../client/local/index.js';
import { readableLog } from './log-text.js';
import { tellIdleFlags } from './idle-flags.js';
import { addLinkFlags, type LinkFlags, openLinks } from './link-flags.js';
import { messageLimitBytes } from './message-limit.js';
import { wholeNumber } from './numbers.js';

/** Flags that say where a job runs. */
export interface ClusterFlags extends LinkFlags {
  readonly coordinator?: string;
  readonly localWorkers?: number;
  readonly device?: string;
  readonly threads?: number;
  readonly cache?: string;
}

export function addClusterFlags(command: Command): Command {
  command
    .optionsGroup('Where it runs:')
    .addOption(flag('--coordinator <host:port>', 'run on the workers of this coordinator'))
    .addOption(
      flag('--local-workers <k>', 'run on k worker processes on this machine').argParser(
        wholeNumber('local-workers', 1, 64),
      ),
    )
    .addOption(flag('--device <device>', 'device of local workers (default: cpu)'))
    .addOption(
      flag(
        '--threads <n>',
        'ONNX Runtime threads of each local worker (default: the cores shared out)',
      ).argParser(wholeNumber('threads', 1, 256)),
    )
    .addOption(flag('--cache <dir>', 'folder for plans, segments and uploaded models of local runs'));
  return addLinkFlags(command.optionsGroup('Connections:')).optionsGroup('Options:');
}

export interface OpenCluster {
  readonly client: AsyncDiffClient;
  /** Only for a cluster of this process. */
  readonly local: LocalCluster | undefined;
  readonly workers: number;
  close(): Promise<void>;
}

/** Connects to the coordinator that the flags name, or starts one with its workers on this machine. */
export async function openCluster(
  flags: ClusterFlags,
  io: CommandIo,
  options: { modelDir?: string | undefined },
): Promise<OpenCluster> {
  const { coordinator, localWorkers } = flags;
  tellIdleFlags(flags, io);
  if (coordinator !== undefined && localWorkers !== undefined) {
    throw new AsyncDiffError('usage', 'give either --coordinator or --local-workers, not both');
  }
  if (coordinator !== undefined) {
    const { AsyncDiffClient } = await import('../client/index.js');
    const client = new AsyncDiffClient(coordinator, await openLinks(flags));
    try {
      const { workers } = await client.status({ signal: io.signal });
      return { client, local: undefined, workers: workers.length, close: async () => client.close() };
    } catch (error) {
      client.close();
      const own = AsyncDiffError.from(error);
      if (own.code !== 'coordinator_unreachable' && own.code !== 'deadline_exceeded') throw own;
      throw new AsyncDiffError('coordinator_unreachable', `no coordinator answers at ${coordinator}`, {
        cause: own,
      });
    }
  }
  const count = localWorkers ?? 1;
  // A coordinator and what it takes to compute: only for who starts one.
  const { LocalCluster } = await import('../client/local/index.js');
  const local = await LocalCluster.start({
    workers: count,
    modelDir: options.modelDir,
    device: flags.device,
    threads: flags.threads,
    cacheDir: flags.cache,
    maxMessageBytes: messageLimitBytes(flags.maxMessageMb),
    signal: io.signal,
    stderr: { write: (text) => io.stderr.write(readableLog(text)) },
  });
  return { client: local.client, local, workers: count, close: () => local.close() };
}

/** The cluster of a command that gives its own model: without `--coordinator`, as many local workers as are asked for or usual. */
export function openModelCluster(
  flags: ClusterFlags,
  io: CommandIo,
  usualWorkers: number,
): Promise<OpenCluster> {
  const localWorkers = flags.localWorkers ?? (flags.coordinator === undefined ? usualWorkers : undefined);
  return openCluster({ ...flags, ...(localWorkers === undefined ? {} : { localWorkers }) }, io, {});
}

/**
 * `--reference` runs in this process: nothing of workers goes with it.
 * @throws AsyncDiffError `usage`
 */
export function checkReference(
  flags: ClusterFlags & { readonly reference?: boolean; readonly traceFile?: string },
  io: CommandIo,
): void {
  if (flags.reference !== true) return;
  tellIdleFlags(flags, io);
  const { coordinator, localWorkers, traceFile } = flags;
  const ofWorkers = {
    '--coordinator': coordinator,
    '--local-workers': localWorkers,
    '--trace-file': traceFile,
  };
  const [other] = Object.entries(ofWorkers).find(([, value]) => value !== undefined) ?? [];
  if (other !== undefined)
    throw new AsyncDiffError(
      'usage',
      `--reference runs in this process, without workers: leave ${other} out`,
    );
}

/** Makes a model known to the coordinator; its SHA-256. One on this machine reads the file itself. */
export function addModel({ client, local }: OpenCluster, path: string, signal: AbortSignal): Promise<string> {
  // Its files are hashed: of a large one for longer than who presses Ctrl-C waits.
  return local === undefined ? client.uploadModel(path, { signal }) : abortable(local.addModel(path), signal);
}
