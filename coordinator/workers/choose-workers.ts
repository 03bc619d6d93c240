import { AsyncDiffError } from '../../common/errors/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import type { WorkerHandle } from './worker-handle.js';
import type { WorkerRegistry } from './worker-registry.js';

type Choice = Pick<PlanSettings, 'maxWorkers' | 'useWorkers'>;

/**
 * The workers that a job with these settings runs on, in the order in which components are placed: those that are named, as they are named;
 * otherwise the fastest first, so that with fewer components than workers the slow ones are left out. Empty if there are none.
 */
export function chooseWorkers<W extends Pick<WorkerHandle, 'name' | 'speed'>>(
  workers: readonly W[],
  { maxWorkers, useWorkers }: Choice,
): readonly W[] {
  const named = [...new Set(useWorkers)].flatMap((name) => workers.filter((worker) => worker.name === name));
  const ordered = useWorkers.length > 0 ? named : workers.toSorted((a, b) => b.speed - a.speed);
  return maxWorkers === 'auto' ? ordered : ordered.slice(0, maxWorkers);
}

/**
 * The same, of which there must be one.
 * @throws AsyncDiffError `no_workers`
 */
export function requireWorkers<W extends Pick<WorkerHandle, 'name' | 'speed'>>(
  workers: readonly W[],
  settings: Choice,
): readonly W[] {
  const chosen = chooseWorkers(workers, settings);
  if (workers.length === 0) throw new AsyncDiffError('no_workers', 'no worker is registered');
  if (chosen.length === 0) {
    throw new AsyncDiffError(
      'no_workers',
      `none of the workers ${settings.useWorkers.join(', ')} is registered (--use-worker)`,
      { hint: `Name some of ${workers.map(({ name }) => name).join(', ')}.` },
    );
  }
  return chosen;
}

/**
 * The same, waited for while one may be about to come: after this coordinator's start, when those of an earlier one look for it, until as many
 * are back as this job would have had; and after a loss, until there is one. `onWait` is called once, before a wait.
 * @throws AsyncDiffError `no_workers`, `cancelled`
 */
export async function awaitWorkers(
  registry: Pick<WorkerRegistry, 'workers' | 'expectedMs' | 'missing' | 'nextChange'>,
  settings: Choice,
  {
    signal,
    onWait,
  }: { readonly signal?: AbortSignal | undefined; readonly onWait?: (() => void) | undefined },
): Promise<readonly WorkerHandle[]> {
  for (let waits = 0; ; waits++) {
    const chosen = chooseWorkers(registry.workers, settings);
    const leftMs = registry.expectedMs;
    const isWhole = chosen.length > 0 && !mayGrow(chosen.length, registry.missing, settings);
    if (isWhole || leftMs <= 0) return requireWorkers(registry.workers, settings);
    if (waits === 0) onWait?.();
    await registry.nextChange(leftMs, signal);
  }
}

/** Whether a job would have more workers if those that are missing came. */
function mayGrow(count: number, missing: readonly string[], { maxWorkers, useWorkers }: Choice): boolean {
  const wanted = useWorkers.length === 0 ? missing : missing.filter((name) => useWorkers.includes(name));
  return wanted.length > 0 && (maxWorkers === 'auto' || count < maxWorkers);
}
