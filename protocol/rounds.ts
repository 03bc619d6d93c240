import { AsyncDiffError } from '../common/errors/index.js';
import { type IssuedRound, ROUND_REPORTS, type RoundReport, type SegmentSpec } from '../execution/index.js';
import { type Task, taskId } from '../program/index.js';
import type { IssueRound, IssueRound__Output } from '../rpc/gen/asyncdiff/v1/IssueRound.js';
import type { Unread__Output } from '../rpc/gen/asyncdiff/v1/Unread.js';
import type { Task__Output } from '../rpc/gen/asyncdiff/v1/Task.js';

/**
 * Names of tensors stay out of the tasks: both sides have them from the plan, in the segment's order.
 *
 * @param unread by worker: boundary tensors made in this round that need not go there
 */
export function toIssueRound(
  jobId: string,
  attempt: number,
  issued: IssuedRound,
  unread: ReadonlyMap<string, readonly string[]>,
): IssueRound {
  return {
    jobId,
    attempt,
    round: issued.round,
    oldestVersion: issued.oldestVersion,
    oldestStep: issued.oldestStep,
    lastStep: issued.lastStep,
    report: issued.report,
    unread: [...unread].map(([workerId, names]) => ({ workerId, names: [...names] })),
    tasks: issued.tasks.map(({ segment, run, sampleStep, timestepStep, reads, writes, epsStep }) => ({
      segment,
      run,
      sampleStep,
      timestepStep,
      readVersions: reads.map(({ version }) => version),
      writes: writes.length > 0,
      epsStepPlusOne: epsStep === undefined ? 0 : epsStep + 1,
    })),
  };
}

/** @param specs the segments of the plan that this worker holds, by id. Throws `internal` for another one, and for a report that is not known. */
export function fromIssueRound(
  message: IssueRound__Output,
  specs: ReadonlyMap<string, SegmentSpec>,
): IssuedRound {
  const { round, oldestVersion, oldestStep, lastStep, report } = message;
  return {
    round,
    oldestVersion,
    oldestStep,
    lastStep,
    report: toReport(report),
    tasks: message.tasks.map((task) => fromTask(task, round, specs)),
  };
}

function toReport(text: string): RoundReport {
  const report = ROUND_REPORTS.find((one) => one === text);
  if (report === undefined) throw new AsyncDiffError('internal', `a round that is to report "${text}"`);
  return report;
}

function fromTask(task: Task__Output, round: number, specs: ReadonlyMap<string, SegmentSpec>): Task {
  const { segment, run, sampleStep, timestepStep, readVersions, writes, epsStepPlusOne } = task;
  const spec = specs.get(segment);
  if (spec === undefined)
    throw new AsyncDiffError('internal', `a task for segment ${segment}, which is not held here`);
  return {
    id: taskId(round, segment, run),
    round,
    component: spec.component,
    segment,
    run,
    sampleStep,
    timestepStep,
    reads: spec.boundaryReads.map((name, index) => ({ name, version: readVersions[index] as number })),
    writes: writes ? spec.boundaryWrites.map((name) => ({ name, version: round })) : [],
    epsStep: epsStepPlusOne === 0 ? undefined : epsStepPlusOne - 1,
  };
}

export function fromUnread(unread: readonly Unread__Output[]): Map<string, readonly string[]> {
  return new Map(unread.map(({ workerId, names }) => [workerId, names]));
}
