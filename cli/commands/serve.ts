import type { Command } from 'commander';
import { join } from 'node:path';
import { makeFolder } from '../../common/make-folder.js';
import { Coordinator, type CoordinatorMetrics, loadCoordinatorMetrics } from '../../coordinator/index.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { openLog } from '../log.js';
import { addServedLinkFlags, openServedLinks, type ServedLinkFlags } from '../link-flags.js';
import { serveMetrics } from '../metrics-server.js';
import { wholeNumber } from '../numbers.js';
import { graceFlag, metricsPortFlag } from '../served-flags.js';
import { untilAborted } from '../signals.js';
import { stdinClosed } from '../stdin-closed.js';

interface ServeFlags extends ServedLinkFlags {
  readonly model?: string;
  readonly listen: string;
  readonly workers?: string;
  readonly threads?: number;
  readonly cache?: string;
  readonly metricsPort?: number;
  readonly graceMs: number;
  readonly maxQueue?: number;
  readonly maxJobsPerClient?: number;
  readonly maxStoredGb?: number;
  readonly exitWithStdin?: boolean;
}

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(flag('--model <dir>', 'text-to-image model folder (for generate; denoise brings its own)'))
    .addOption(flag('--listen <host:port>', 'where clients and workers reach it').default('127.0.0.1:50051'))
    .addOption(
      flag('--workers <list>', 'workers to dial, HOST:PORT,HOST:PORT (others may join by themselves)'),
    )
    .addOption(
      flag('--threads <n>', 'ONNX Runtime threads of text encoder and decoder').argParser(
        wholeNumber('threads', 1, 256),
      ),
    )
    .addOption(
      flag('--cache <dir>', 'folder for plans, segments and uploaded models (default: ~/.cache/asyncdiff)'),
    )
    .addOption(metricsPortFlag())
    .addOption(graceFlag())
    .addOption(
      flag('--max-queue <n>', 'jobs that may wait (default: 64)').argParser(wholeNumber('max-queue', 0)),
    )
    .addOption(
      flag('--max-jobs-per-client <n>', 'jobs of one client that may wait or run (default: 32)').argParser(
        wholeNumber('max-jobs-per-client', 1),
      ),
    )
    .addOption(
      flag('--max-stored-gb <gib>', 'disk for uploaded models, GiB (default: 256)').argParser(
        wholeNumber('max-stored-gb', 0),
      ),
    )
    .addOption(flag('--exit-with-stdin', 'end when standard input closes').hideHelp());
  addServedLinkFlags(command).action((flags: ServeFlags, command: Command) =>
    run(flags, io, command.optsWithGlobals()['verbose'] === true),
  );
}

export async function run(flags: ServeFlags, io: CommandIo, verbose = false): Promise<void> {
  // Told now, not when the first job comes. One that is there may be read-only: what it holds can be used.
  if (flags.cache !== undefined) await makeFolder(flags.cache);
  const Metrics = flags.metricsPort === undefined ? undefined : await loadCoordinatorMetrics();
  let counted: CoordinatorMetrics | undefined;
  const coordinator = await Coordinator.start({
    listen: flags.listen,
    modelDir: flags.model,
    workers: flags.workers
      ?.split(',')
      .map((address) => address.trim())
      .filter((address) => address !== ''),
    threads: flags.threads,
    workDir: flags.cache === undefined ? undefined : join(flags.cache, 'plans'),
    maxQueued: flags.maxQueue,
    maxJobsPerClient: flags.maxJobsPerClient,
    maxStoredBytes: flags.maxStoredGb === undefined ? undefined : flags.maxStoredGb * 2 ** 30,
    ...(await openServedLinks(flags)),
    metrics: Metrics && ((relay) => (counted = new Metrics(relay))),
    log: openLog('asyncdiff-serve', verbose),
  });
  const metrics =
    flags.metricsPort === undefined || counted === undefined
      ? undefined
      : await serveMetrics(counted.registry, flags.metricsPort, coordinator.address);
  writeJson(io, {
    schema: 'asyncdiff.serve/1',
    address: coordinator.address,
    pid: process.pid,
    metrics_port: metrics?.port,
  });
  await Promise.race([
    // It may have come while the coordinator started.
    untilAborted(io.signal),
    ...(flags.exitWithStdin === true ? [stdinClosed()] : []),
  ]);
  await coordinator.stop(flags.graceMs);
  metrics?.close();
  process.exit(0);
}
