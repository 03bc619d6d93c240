import type { IssuedRound } from '../engine/index.js';
import type { Task } from '../schedule/index.js';
import type { IssueRound, IssueRound__Output } from '../transport/gen/asyncdiff/v1/IssueRound.js';

export function toIssueRound(jobId: string, attempt: number, issued: IssuedRound): IssueRound {
  return {
    jobId,
    attempt,
    round: issued.round,
    oldestVersion: issued.oldestVersion,
    oldestStep: issued.oldestStep,
    tasks: issued.tasks.map(({ epsStep, reads, writes, ...task }) => ({
      ...task,
      reads: [...reads],
      writes: [...writes],
      epsStepPlusOne: epsStep === undefined ? 0 : epsStep + 1,
    })),
  };
}

export function fromIssueRound(message: IssueRound__Output): IssuedRound {
  return {
    round: message.round,
    oldestVersion: message.oldestVersion,
    oldestStep: message.oldestStep,
    tasks: message.tasks.map(
      ({ epsStepPlusOne, ...task }): Task => ({
        ...task,
        epsStep: epsStepPlusOne === 0 ? undefined : epsStepPlusOne - 1,
      }),
    ),
  };
}
