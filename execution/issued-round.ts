import { type JobProgram, lastStepOf, type Round, type Task } from '../program/index.js';
import type { SampledRound } from './job-sampler.js';
import type { RoundReport } from './runtime/index.js';

/** Tasks of one round for this executor. */
export interface IssuedRound extends SampledRound {
  readonly round: number;
  readonly tasks: readonly Task[];
  /** What the executor that predicts its noise tells of it. */
  readonly report: RoundReport;
  /** Boundary tensors below this version may be dropped once no earlier round is pending here. */
  readonly oldestVersion: number;
}

/** A round with the tasks of one executor. */
export function issuedRound(
  program: JobProgram,
  round: Round,
  tasks: readonly Task[],
  report: RoundReport,
): IssuedRound {
  return {
    ...sampledRound(program, round),
    round: round.round,
    tasks,
    report,
    oldestVersion: program.oldestVersionRead(round),
  };
}

/** A round as far as the sampler goes. */
export function sampledRound(program: JobProgram, round: Round): SampledRound {
  return {
    firstStep: round.firstStep,
    lastStep: lastStepOf(round),
    latents: program.latents(round).map(({ name, version, step }) => ({ name, version, step })),
    mayHold: program.mayHold(round),
    mayHoldWithin: program.mayHoldWithin(round),
  };
}
