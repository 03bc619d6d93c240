import type { Command } from 'commander';
import { AsyncDiffClient } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { flag } from '../flag.js';
import { addLinkFlags, type LinkFlags, openLinks } from '../link-flags.js';
import { type CommandIo, writeJson } from '../io.js';

interface StatusFlags extends LinkFlags {
  readonly coordinator: string;
  readonly json?: boolean;
}

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(flag('--coordinator <host:port>', 'the coordinator').default('127.0.0.1:50051'))
    .option('--json', 'print one JSON document');
  addLinkFlags(command).action((flags: StatusFlags) => run(flags, io));
}

export async function run(flags: StatusFlags, io: CommandIo): Promise<void> {
  const client = new AsyncDiffClient(flags.coordinator, await openLinks(flags));
  try {
    const status = await client.status({ signal: io.signal }).catch((thrown: unknown) => {
      const error = AsyncDiffError.from(thrown);
      if (error.code !== 'coordinator_unreachable' && error.code !== 'deadline_exceeded') throw error;
      throw new AsyncDiffError('coordinator_unreachable', `no coordinator answers at ${flags.coordinator}`, {
        cause: error,
      });
    });
    const workers = status.workers.map((worker) => ({
      name: worker.name,
      state: worker.state,
      device: worker.device,
      threads: worker.threads,
      speed: worker.speed,
      address: worker.address,
      host_name: worker.hostName,
      host_id: worker.hostId,
      version: worker.version,
      onnxruntime_version: worker.onnxruntimeVersion,
      node_version: worker.nodeVersion,
      declared: worker.declared,
      round_trip_ms: worker.roundTripMs,
    }));
    const { version, model, queuedJobs, runningJobs } = status;
    if (flags.json === true) {
      writeJson(io, {
        schema: 'asyncdiff.status/1',
        version,
        model,
        queued_jobs: queuedJobs,
        running_jobs: runningJobs,
        workers,
      });
      return;
    }
    io.stdout.write(
      `coordinator ${flags.coordinator}, asyncdiff ${version}, ${runningJobs} running, ${queuedJobs} queued\n`,
    );
    io.stdout.write(model === '' ? 'no model\n' : `model ${model}\n`);
    for (const { name, state, device, threads, speed, address, round_trip_ms } of workers) {
      io.stdout.write(
        `${name}  ${state}  ${device}, ${threads} thread${threads === 1 ? '' : 's'}${speed === 1 ? '' : `, speed ${speed}`}  ${address}  ${round_trip_ms.toFixed(2)} ms\n`,
      );
    }
    if (workers.length === 0) io.stdout.write('no workers\n');
  } finally {
    client.close();
  }
}
