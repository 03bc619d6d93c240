export { AsyncDiffError, type ErrorOptions } from './asyncdiff-error.js';
export { type ErrorCode, ERRORS, EXIT, type GrpcStatus } from './table.js';
