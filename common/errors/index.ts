export { AsyncDiffError, ERROR_CODE_KEY, type ErrorOptions, toServiceError } from './asyncdiff-error.js';
export { ERRORS, type ErrorCode, EXIT } from './table.js';
