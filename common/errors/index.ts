export { AsyncDiffError } from './asyncdiff-error.js';
export { type ErrorCode, ERRORS, EXIT } from './table.js';
