import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { makeFolder } from '../../common/make-folder.js';
import { AsyncDiffWorker, openWorkerMetrics } from '../../worker/index.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { openLog } from '../log.js';
import { addServedLinkFlags, openServedLinks, type ServedLinkFlags } from '../link-flags.js';
import { serveMetrics } from '../metrics-server.js';
import { realNumber, wholeNumber } from '../numbers.js';
import { graceFlag, metricsPortFlag } from '../served-flags.js';
import { endBySignal, untilAborted } from '../signals.js';
import { stdinClosed } from '../stdin-closed.js';

interface WorkerFlags extends ServedLinkFlags {
  readonly join?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly device: string;
  readonly threads?: number;
  readonly cache?: string;
  readonly cacheMaxGb?: number;
  readonly speed?: number;
  readonly memoryGb?: number;
  readonly name?: string;
  readonly metricsPort?: number;
  readonly graceMs: number;
  readonly sharedMemory: 'on' | 'off';
  readonly exitWithStdin?: boolean;
}

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(flag('--join <host:port>', 'register with this coordinator, and again whenever it is lost'))
    .addOption(
      flag('--listen <host:port>', 'listen here for other workers and, without --join, for the coordinator'),
    )
    .addOption(
      flag('--advertise <host:port>', 'address that other workers dial, if not the one it listens at'),
    )
    .addOption(
      flag('--device <device>', 'cpu, cuda[:i], webgpu, ..., or declared:PROFILE[,dilation=D]').default(
        'cpu',
      ),
    )
    .addOption(
      flag('--threads <n>', 'ONNX Runtime threads (default: the cores less one)').argParser(
        wholeNumber('threads', 1, 256),
      ),
    )
    .addOption(
      flag(
        '--speed <s>',
        'speed beside the other workers: 0.5 gets half as much to compute (default: 1)',
      ).argParser(realNumber('speed', 0.01, 100)),
    )
    .addOption(
      flag(
        '--memory-gb <gb>',
        "memory of the device for a part of a model (default: the host's for cpu)",
      ).argParser(realNumber('memory-gb', 0.1, 100_000)),
    )
    .addOption(
      flag('--cache <dir>', 'folder that keeps segment models (default: ~/.cache/asyncdiff/segments)'),
    )
    .addOption(
      flag(
        '--cache-max-gb <gb>',
        'what that folder may hold; the least recently used gives way (default: 100)',
      ).argParser(realNumber('cache-max-gb', 0.01, 1_000_000)),
    )
    .addOption(flag('--name <name>', "name for people (default: the host's)"))
    .addOption(metricsPortFlag())
    .addOption(graceFlag())
    .addOption(
      flag('--shared-memory <on|off>', 'take tensors of workers on this host from shared memory (Linux)')
        .choices(['on', 'off'])
        .default('on'),
    )
    .addOption(flag('--exit-with-stdin', 'end when standard input closes').hideHelp());
  addServedLinkFlags(command).action((flags: WorkerFlags, command: Command) =>
    run(flags, io, command.optsWithGlobals()['verbose'] === true),
  );
}

export async function run(flags: WorkerFlags, io: CommandIo, verbose = false): Promise<void> {
  if (flags.join === undefined && flags.listen === undefined) {
    throw new AsyncDiffError(
      'usage',
      'a worker needs --join HOST:PORT (it dials the coordinator) or --listen HOST:PORT (the coordinator dials it)',
    );
  }
  // Told now, not when the first job comes. One that is there may be read-only: what it holds can be used.
  if (flags.cache !== undefined) await makeFolder(flags.cache);
  const log = openLog('asyncdiff-worker', verbose);
  const counted = flags.metricsPort === undefined ? undefined : await openWorkerMetrics();
  const worker = await AsyncDiffWorker.start(
    {
      metrics: counted,
      join: flags.join,
      listen: flags.listen,
      advertise: flags.advertise,
      device: flags.device,
      threads: flags.threads,
      cacheDir: flags.cache,
      cacheMaxBytes: flags.cacheMaxGb === undefined ? undefined : flags.cacheMaxGb * 1e9,
      speed: flags.speed,
      memoryBytes: flags.memoryGb === undefined ? undefined : flags.memoryGb * 1e9,
      name: flags.name,
      ...(await openServedLinks(flags)),
      sharedMemory: flags.sharedMemory === 'on',
      log,
    },
    io.signal,
  );
  const metrics =
    flags.metricsPort === undefined || counted === undefined
      ? undefined
      : await serveMetrics(counted.registry, flags.metricsPort, worker.address);
  writeJson(io, {
    schema: 'asyncdiff.worker/1',
    address: worker.address,
    pid: process.pid,
    metrics_port: metrics?.port,
  });
  const ended = await Promise.race([
    // It may have come while the worker joined.
    untilAborted(io.signal),
    ...(flags.exitWithStdin === true ? [stdinClosed()] : []),
    worker.death,
  ]);
  // A second signal ends the process at once; a drained worker has done its duty and exits with 0.
  await worker.stop(ended instanceof AsyncDiffError ? 0 : flags.graceMs);
  metrics?.close();
  if (worker.isComputing) {
    const reason = ended instanceof AsyncDiffError ? { error: ended.message } : {};
    log.warn(reason, 'a run on the device does not end: the process ends by SIGTERM');
    endBySignal('SIGTERM');
    // Until the signal is delivered.
    await new Promise(() => undefined);
  }
  if (ended instanceof AsyncDiffError) throw ended;
  process.exit(0);
}
