import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanOptions } from '../common/settings/index.js';
import type { RunIdentity } from '../execution/index.js';
import { fromPlanSettingsMessage } from '../rpc/index.js';
import type { Replay__Output } from '../rpc/gen/asyncdiff/v1/Replay.js';

/** What one predictor of a run is to repeat. */
interface StageReplay {
  readonly run: RunIdentity;
  /** Undefined of the first one, whose plan is the request's. */
  readonly plan: PlanOptions | undefined;
}

/** The run that a request is to repeat, predictor by predictor; none where it is to repeat none. Throws `replay_impossible` where something of it was left out. */
export function fromReplayMessage(message: Replay__Output | null): readonly StageReplay[] {
  if (message === null) return [];
  const later = message.later.map((one) => ({
    run: identityOf(one),
    plan: fromPlanSettingsMessage(one.plan),
  }));
  return [{ run: identityOf(message), plan: undefined }, ...later];
}

function identityOf(message: Replay__Output): RunIdentity {
  const { version, predictorId, programId, inputsSha256, runtimes } = message;
  for (const [name, value] of Object.entries({ version, programId, inputsSha256 }))
    if (value === '') throw new AsyncDiffError('replay_impossible', `the report does not say its ${name}`);
  return { version, predictorId, programId, inputsSha256, runtimes };
}
