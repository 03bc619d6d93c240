/** The client library: `import { AsyncDiffClient } from 'asyncdiff'`. */
export {
  AsyncDiffClient,
  type CallOptions,
  type ClientOptions,
  type DenoiseOptions,
  type GenerateOptions,
  type JobOptions,
} from './client.js';
export type { Job } from './job.js';
export type { JobEvent, JobResult, RunReport } from './job-event.js';
export type { PlanOptions, PlanSettings } from '../common/settings/index.js';
export { AsyncDiffError, type ErrorCode } from '../common/errors/index.js';
export type { DType, Tensor } from '../common/tensor/index.js';
export { loadSecurity, type LinkSecurity, type SecurityFiles } from '../rpc/index.js';
