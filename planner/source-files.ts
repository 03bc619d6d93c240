import { type FileState, fileState } from '../common/model-file/index.js';
import type { PlanSource } from './plan.js';

/** The files that a plan's graph is read from, as they are now; none for declared devices. */
export function sourceFiles(source: PlanSource): Promise<FileState[]> {
  if (source.kind !== 'model') return Promise.resolve([]);
  const control = source.adaptation?.control;
  return Promise.all(
    [source.modelPath, ...(control === undefined ? [] : [control.modelPath])].map(fileState),
  );
}
