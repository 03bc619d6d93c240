import type { Command } from 'commander';
import { AsyncDiffClient, type JobSummary } from '../../client/index.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { addLinkFlags, type LinkFlags, openLinks } from '../link-flags.js';

interface JobsFlags extends LinkFlags {
  readonly coordinator: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

const FOLLOW_MS = 500;

export function register(command: Command, io: CommandIo): void {
  command
    .addOption(flag('--coordinator <host:port>', 'the coordinator').default('127.0.0.1:50051'))
    .option('-f, --follow', 'go on: print a job again whenever it has moved')
    .option('--json', 'print one JSON document; with --follow, one a line');
  addLinkFlags(command).action((flags: JobsFlags) => run(flags, io));
}

export async function run(flags: JobsFlags, io: CommandIo): Promise<void> {
  const client = new AsyncDiffClient(flags.coordinator, await openLinks(flags));
  try {
    if (flags.follow === true) await follow(client, flags, io);
    else {
      const jobs = await client.jobs({ signal: io.signal });
      if (flags.json === true) writeJson(io, { schema: 'asyncdiff.jobs/1', jobs: jobs.map(toDocument) });
      else io.stdout.write(jobs.length === 0 ? 'no jobs\n' : jobs.map((job) => `${line(job)}\n`).join(''));
    }
  } finally {
    client.close();
  }
}

async function follow(client: AsyncDiffClient, flags: JobsFlags, io: CommandIo): Promise<void> {
  const told = new Map<string, string>();
  while (!io.signal.aborted) {
    // The oldest first: what is printed last happened last.
    for (const job of (await client.jobs({ signal: io.signal })).toReversed()) {
      const mark = [job.state, job.ahead, job.step, job.losses].join();
      if (told.get(job.jobId) === mark) continue;
      told.set(job.jobId, mark);
      if (flags.json === true) writeJson(io, toDocument(job));
      else io.stdout.write(`${line(job)}\n`);
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        io.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, FOLLOW_MS);
      io.signal.addEventListener('abort', done);
    });
  }
}

function line(job: JobSummary): string {
  const { jobId, kind, client, state, step, steps, ahead, losses, workers } = job;
  const how: Record<string, string> = {
    queued: `${ahead} ahead, for ${seconds(job.waitedSeconds)}`,
    running: `${steps === 0 ? 'preparing' : `step ${step} of ${steps}`}, ${workers} worker${workers === 1 ? '' : 's'}, for ${seconds(job.ranSeconds)}`,
    done: `in ${seconds(job.ranSeconds)}`,
    failed: `[${job.errorCode}] ${job.errorMessage}`,
    cancelled: `after ${seconds(job.ranSeconds)}`,
  };
  const lost = losses === 0 ? '' : `, ${losses} loss${losses === 1 ? '' : 'es'}`;
  return `${jobId}  ${kind}  ${state}  ${how[state] ?? ''}${lost}  ${client}`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function toDocument(job: JobSummary): object {
  return {
    job_id: job.jobId,
    kind: job.kind,
    client: job.client,
    state: job.state,
    submitted_at: new Date(job.submittedAtMs).toISOString(),
    waited_seconds: job.waitedSeconds,
    ran_seconds: job.ranSeconds,
    ahead: job.ahead,
    step: job.step,
    steps: job.steps,
    workers: job.workers,
    losses: job.losses,
    error_code: job.errorCode,
    error_message: job.errorMessage,
  };
}
