import { AsyncDiffError } from '../common/errors/index.js';
import { fromWireError, stackOf } from '../common/wire-error.js';
import type { WorkerExecution } from '../execution/index.js';
import { type Span, SPAN_CATEGORIES } from '../execution/runtime/index.js';
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

/** Throws `protocol_mismatch` for a span of a kind that is not known. */
export function fromJobReport(workerId: string, message: JobReport__Output): WorkerExecution {
  const { computeMs, waitMs, sentBytes, segmentMs } = message;
  const spans = message.spans.map((span) => ({ ...span, category: toCategory(span.category) }));
  return { workerId, computeMs, waitMs, sentBytes, segmentMs, spans };
}

function toCategory(text: string): Span['category'] {
  const category = SPAN_CATEGORIES.find((known) => known === text);
  if (category !== undefined) return category;
  throw new AsyncDiffError('protocol_mismatch', `a span of the kind "${text.slice(0, 32)}"`);
}

export function toFault(
  error: AsyncDiffError,
  about: { jobId: string; attempt: number } | { deploymentId: string } | { partId: string; attempt: number },
): WorkerFault {
  return {
    code: error.code,
    message: error.rawMessage,
    hint: error.hint,
    ...about,
    // Others say where they come from; this one is a fault of the program.
    stack: error.code === 'internal' ? stackOf(error) : '',
  };
}

/** A worker's fault, with the worker named. Codes of a newer version are taken as `worker_failed`. */
export function fromFault(workerName: string, fault: WorkerFault__Output): AsyncDiffError {
  const { code, message, hint, stack } = fault;
  return fromWireError({ code, message: `${message} (worker ${workerName})`, hint, stack }, 'worker_failed');
}
