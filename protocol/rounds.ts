import { AsyncDiffError } from '../common/errors/index.js';
import type { IssuedRound, RoundReport, SegmentSpec } from '../execution/index.js';
import { ROUND_REPORTS } from '../execution/runtime/index.js';
import { type Read, stateReads, type Task, taskId, type VersionedTensor } from '../program/index.js';
import type { IssueRound, IssueRound__Output } from '../rpc/gen/asyncdiff/v1/IssueRound.js';
import type { Unread__Output } from '../rpc/gen/asyncdiff/v1/Unread.js';
import type { Task as TaskMessage, Task__Output } from '../rpc/gen/asyncdiff/v1/Task.js';

/**
 * Names of boundary tensors stay out of the tasks: both sides have them from the plan, in the segment's order.
 *
 * @param unread by worker: what is made in this round, or for it, and need not go there
 */
export function toIssueRound(
  jobId: string,
  attempt: number,
  issued: IssuedRound,
  unread: ReadonlyMap<string, readonly VersionedTensor[]>,
): IssueRound {
  const { round, oldestVersion, firstStep, lastStep, report, mayHold } = issued;
  return {
    jobId,
    attempt,
    round,
    oldestVersion,
    firstStep,
    lastStep,
    report,
    mayHold,
    latents: issued.latents.map(({ name, version, step }) => ({ name, version, step })),
    unread: [...unread].map(([workerId, tensors]) => ({
      workerId,
      names: tensors.map(({ name }) => name),
      versions: tensors.map(({ version }) => version),
    })),
    tasks: issued.tasks.map(toTask),
  };
}

function toTask(task: Task): TaskMessage {
  const { segment, run, sampleStep, timestepStep, latents, version, reads, writes, epsStep } = task;
  const share = reads.find(({ blend }) => blend !== undefined)?.blend?.share;
  return {
    segment,
    run,
    sampleStep,
    timestepStep,
    version,
    latentsName: latents.name,
    latentsVersion: latents.version,
    readVersions: reads.map((read) => read.version),
    blendVersions: share === undefined ? [] : reads.map((read) => read.blend?.version ?? read.version),
    blendShare: share ?? 0,
    writes: writes.length > 0,
    epsStepPlusOne: epsStep === undefined ? 0 : epsStep + 1,
  };
}

/** @param specs the segments of the plan that this worker holds, by id. Throws `protocol_mismatch` for another one, and for a report that is not known. */
export function fromIssueRound(
  message: IssueRound__Output,
  specs: ReadonlyMap<string, SegmentSpec>,
): IssuedRound {
  const { round, oldestVersion, firstStep, lastStep, report, mayHold, latents } = message;
  return {
    round,
    oldestVersion,
    firstStep,
    lastStep,
    report: toReport(report),
    mayHold,
    latents,
    tasks: message.tasks.map((task) => fromTask(task, round, specs)),
  };
}

function toReport(text: string): RoundReport {
  const report = ROUND_REPORTS.find((one) => one === text);
  if (report === undefined)
    throw new AsyncDiffError('protocol_mismatch', `a round that is to report "${text}"`);
  return report;
}

function fromTask(task: Task__Output, round: number, specs: ReadonlyMap<string, SegmentSpec>): Task {
  const { segment, run, sampleStep, timestepStep, version, writes, epsStepPlusOne } = task;
  const spec = specs.get(segment);
  if (spec === undefined)
    throw new AsyncDiffError('protocol_mismatch', `a task for segment ${segment}, which is not held here`);
  return {
    id: taskId({ round, segment, run, version }),
    round,
    component: spec.component,
    segment,
    run,
    sampleStep,
    timestepStep,
    version,
    latents: { name: task.latentsName, version: task.latentsVersion },
    reads: [
      ...spec.boundaryReads.map((name, index) => fromRead(task, name, index)),
      ...stateReads(spec.item, round),
    ],
    writes: writes ? spec.boundaryWrites.map((name) => ({ name, version })) : [],
    epsStep: epsStepPlusOne === 0 ? undefined : epsStepPlusOne - 1,
  };
}

function fromRead(
  { readVersions, blendVersions, blendShare }: Task__Output,
  name: string,
  index: number,
): Read {
  const version = readVersions[index] as number;
  const older = blendVersions[index];
  if (older === undefined || older === version) return { name, version };
  return { name, version, blend: { version: older, share: blendShare } };
}

/** By worker, what it will not read. */
export function fromUnread(unread: readonly Unread__Output[]): Map<string, readonly VersionedTensor[]> {
  return new Map(
    unread.map(({ workerId, names, versions }) => [
      workerId,
      names.map((name, at) => ({ name, version: versions[at] as number })),
    ]),
  );
}
