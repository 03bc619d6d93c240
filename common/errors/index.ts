export { AsyncDiffError, ERROR_CODE_KEY, type ErrorOptions, toServiceError } from './asyncdiff-error.js';
export { type ErrorCode, ERRORS, EXIT } from './table.js';
export { fromWireError, stackOf, toWireError, type WireError } from './wire-error.js';
