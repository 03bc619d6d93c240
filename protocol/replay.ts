import { AsyncDiffError } from '../common/errors/index.js';
import type { RunIdentity } from '../execution/index.js';
import type { Replay__Output } from '../rpc/gen/asyncdiff/v1/Replay.js';

/** The run that a request is to repeat, if any. Throws `replay_impossible` where something of it was left out. */
export function fromReplayMessage(message: Replay__Output | null): RunIdentity | undefined {
  if (message === null) return undefined;
  const { version, predictorId, programId, inputsSha256, runtimes } = message;
  for (const [name, value] of Object.entries({ version, programId, inputsSha256 }))
    if (value === '') throw new AsyncDiffError('replay_impossible', `the report does not say its ${name}`);
  return { version, predictorId, programId, inputsSha256, runtimes };
}
