import type { Command } from 'commander';
import { AsyncDiffClient } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { flag } from '../flag.js';
import type { CommandIo } from '../io.js';
import { addLinkFlags, type LinkFlags, openLinks } from '../link-flags.js';

interface CancelFlags extends LinkFlags {
  readonly coordinator: string;
}

export function register(command: Command, io: CommandIo): void {
  command
    .argument('<id>', 'the job, as `asyncdiff jobs` shows it')
    .addOption(flag('--coordinator <host:port>', 'the coordinator').default('127.0.0.1:50051'));
  addLinkFlags(command).action((id: string, flags: CancelFlags) => run(id, flags, io));
}

export async function run(id: string, flags: CancelFlags, io: CommandIo): Promise<void> {
  const client = new AsyncDiffClient(flags.coordinator, await openLinks(flags));
  try {
    if (await client.cancel(id, { signal: io.signal })) io.stdout.write(`cancelled ${id}\n`);
    else {
      throw new AsyncDiffError('job_not_found', `no job "${id}" waits or runs`, {
        hint: '`asyncdiff jobs` lists them.',
      });
    }
  } finally {
    client.close();
  }
}
