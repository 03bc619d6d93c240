import type { Partition } from '../program/index.js';
import { oldestVersionRead, type Round, type Task } from '../program/index.js';
import type { RoundReport } from './round-executor.js';

/** Tasks of one round for this executor. */
export interface IssuedRound {
  readonly round: number;
  readonly tasks: readonly Task[];
  /** The last step that the round covers: the next round's latents come after it. */
  readonly lastStep: number;
  /** What the executor that predicts its noise tells of it. */
  readonly report: RoundReport;
  /** Boundary tensors below this version may be dropped once no earlier round is pending here. */
  readonly oldestVersion: number;
  /** The same for latents, by step. */
  readonly oldestStep: number;
}

/** A round with the tasks of one executor. */
export function issuedRound(
  partition: Partition,
  round: Round,
  tasks: readonly Task[],
  report: RoundReport,
): IssuedRound {
  return {
    round: round.round,
    tasks,
    lastStep: round.firstStep + round.steps - 1,
    report,
    oldestVersion: oldestVersionRead(partition, round),
    oldestStep: round.firstStep,
  };
}
