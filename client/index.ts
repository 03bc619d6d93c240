/** The client library: `import { AsyncDiffClient } from 'asyncdiff'`. */
export {
  AsyncDiffClient,
  type CallOptions,
  type ClientOptions,
  type DenoiseOptions,
  type GenerateOptions,
} from './client.js';
export type { JobEvent, RunReport } from './job-event.js';
export type { PlanOptions } from './plan-options.js';
export { AsyncDiffError, type ErrorCode } from '../common/errors/index.js';
export type { DType, Tensor } from '../common/tensor/index.js';
