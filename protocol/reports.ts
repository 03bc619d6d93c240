import { AsyncDiffError, ERRORS, type ErrorCode } from '../common/errors/index.js';
import type { Span, WorkerExecution } from '../execution/index.js';
import type { JobReport, JobReport__Output } from '../rpc/gen/asyncdiff/v1/JobReport.js';
import type { WorkerFault, WorkerFault__Output } from '../rpc/gen/asyncdiff/v1/WorkerFault.js';

export function toJobReport(
  jobId: string,
  attempt: number,
  execution: Omit<WorkerExecution, 'workerId'>,
): JobReport {
  return {
    jobId,
    attempt,
    ...execution,
    sentBytes: { ...execution.sentBytes },
    segmentMs: { ...execution.segmentMs },
    spans: [...execution.spans],
  };
}

export function fromJobReport(workerId: string, message: JobReport__Output): WorkerExecution {
  const { computeMs, waitMs, sentBytes, segmentMs } = message;
  const spans = message.spans.map((span) => ({ ...span, category: span.category as Span['category'] }));
  return { workerId, computeMs, waitMs, sentBytes, segmentMs, spans };
}

export function toFault(error: AsyncDiffError, about: { jobId?: string; planId?: string } = {}): WorkerFault {
  return {
    code: error.code,
    message: error.rawMessage,
    hint: error.hint,
    jobId: about.jobId ?? '',
    planId: about.planId ?? '',
  };
}

/** A worker's fault, with the worker named. Codes of a newer version are taken as `worker_failed`. */
export function fromFault(workerName: string, fault: WorkerFault__Output): AsyncDiffError {
  const code: ErrorCode = fault.code in ERRORS ? (fault.code as ErrorCode) : 'worker_failed';
  return new AsyncDiffError(code, `${fault.message} (worker ${workerName})`, { hint: fault.hint });
}
