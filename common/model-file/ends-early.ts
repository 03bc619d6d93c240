import { AsyncDiffError } from '../errors/index.js';

/** The error of a file that is shorter than what the model has in it. */
export function endsEarly(path: string, sizeBytes: number, neededBytes: number): AsyncDiffError {
  return new AsyncDiffError(
    'model_invalid',
    `${path} ends at byte ${sizeBytes}, the model needs ${neededBytes} of it: it was cut short`,
    { hint: 'Copy or download the file again.' },
  );
}
