/// <reference types="node" preserve="true" />
/** The client library: `import { AsyncDiffClient } from 'asyncdiff'`. */
export { AsyncDiffClient } from './client.js';
export type {
  CallOptions,
  ClientOptions,
  DenoiseOptions,
  GenerateOptions,
  JobCallOptions,
  ReplayedRun,
} from './client-options.js';
export type { ClusterStatus, DeclaredDeviceStatus, WorkerStatus } from './cluster-status.js';
export type { JobEvent, JobResult } from './job-event.js';
export type { Job } from './job.js';
export type { JobSummary } from './job-summary.js';
export type { PlanDocument } from './plan-document.js';
export type { PlannedComponent, PlannedPartition, ReceivedTensor } from '../common/plan-document/index.js';
export { replayPlan } from './replay.js';
export type { RunOptions } from './run-list.js';
export type { RunReport, Throughput, WorkerReport } from './run-report.js';
export { AsyncDiffError, type ErrorCode } from '../common/errors/index.js';
export type { PlanOptions, PlanSettings } from '../common/settings/index.js';
export type { PipelineArguments } from '../common/pipeline-arguments/index.js';
export type { DType, Tensor } from '../common/tensor/index.js';
export {
  loadSecurity,
  type LinkSecurity,
  type SecurityFiles,
  type TlsIdentity,
  type TlsSettings,
} from '../rpc/index.js';
