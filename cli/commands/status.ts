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

/** What a worker's state means, where it says no more itself. */
const STATES: Readonly<Record<string, string>> = Object.freeze({
  idle: 'holds no part of a model yet',
  deploying: 'gets and opens its part',
  ready: 'holds its part',
  busy: 'computes',
});

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
      note: worker.note,
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
    const { version, model, queuedJobs, runningJobs, notReady, absent } = status;
    if (flags.json === true) {
      writeJson(io, {
        schema: 'asyncdiff.status/1',
        version,
        model,
        queued_jobs: queuedJobs,
        running_jobs: runningJobs,
        not_ready: notReady,
        workers,
        absent: absent.map(({ name, why, secondsAgo }) => ({ name, why, seconds_ago: secondsAgo ?? null })),
      });
      return;
    }
    io.stdout.write(
      `coordinator ${flags.coordinator}, asyncdiff ${version}, ${runningJobs} running, ${queuedJobs} queued\n`,
    );
    io.stdout.write(
      model === '' ? 'no model: generate is refused, denoise and run bring theirs\n' : `model ${model}\n`,
    );
    for (const worker of workers) {
      const { name, state, note, device, threads, speed, address, round_trip_ms } = worker;
      const what = note === '' ? (STATES[state] ?? '') : note;
      io.stdout.write(
        `${name}  ${state}${what === '' ? '' : ` (${what})`}  ${device}, ${threads} thread${threads === 1 ? '' : 's'}${speed === 1 ? '' : `, speed ${speed}`}  ${address}  ${round_trip_ms.toFixed(2)} ms\n`,
      );
    }
    for (const { name, why, secondsAgo } of absent)
      io.stdout.write(
        `${name}  ${secondsAgo === undefined ? 'expected' : `lost ${Math.round(secondsAgo)} s ago`} (${why})\n`,
      );
    if (notReady !== '')
      io.stdout.write(
        `not ready: ${notReady}; start one with \`npx asyncdiff worker --join ${flags.coordinator}\`\n`,
      );
  } finally {
    client.close();
  }
}
