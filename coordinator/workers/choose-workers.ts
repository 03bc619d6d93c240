import { AsyncDiffError } from '../../common/errors/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import type { WorkerHandle } from './worker-handle.js';

/**
 * The workers that a job with these settings runs on, in the order in which components are placed: the fastest first, so that with fewer
 * components than workers the slow ones are left out. Empty if there are none.
 */
export function chooseWorkers<W extends Pick<WorkerHandle, 'name' | 'speed'>>(
  workers: readonly W[],
  { maxWorkers }: Pick<PlanSettings, 'maxWorkers'>,
): readonly W[] {
  const ordered = workers.toSorted((a, b) => b.speed - a.speed);
  return maxWorkers === 'auto' ? ordered : ordered.slice(0, maxWorkers);
}

/**
 * The same, of which there must be one.
 * @throws AsyncDiffError `no_workers`
 */
export function requireWorkers<W extends Pick<WorkerHandle, 'name' | 'speed'>>(
  workers: readonly W[],
  settings: Pick<PlanSettings, 'maxWorkers'>,
): readonly W[] {
  const chosen = chooseWorkers(workers, settings);
  if (chosen.length === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  return chosen;
}
