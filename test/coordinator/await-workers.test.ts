import { expect, it } from 'vitest';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { awaitWorkers, WorkerRegistry } from '../../coordinator/workers/index.js';

const settings = resolvePlanSettings({}, { numInferenceSteps: 4 });

function registry(join: number): WorkerRegistry {
  return new WorkerRegistry({
    log: { info: () => undefined, warn: () => undefined },
    onChange: () => undefined,
    limitsMs: { join },
  });
}

it('a job of a coordinator that has just been started waits for a worker, and is told once; then there is none', async () => {
  const fresh = registry(300);
  let waits = 0;
  const onWait = (): void => void (waits += 1);
  await expect(awaitWorkers(fresh, settings, { onWait })).rejects.toMatchObject({ code: 'no_workers' });
  expect(waits).toBe(1);
  // None has come for so long: the next is not kept waiting.
  await expect(awaitWorkers(fresh, settings, { onWait })).rejects.toMatchObject({ code: 'no_workers' });
  expect(waits).toBe(1);
  fresh.close();
});

it('cancelling ends the wait at once', async () => {
  const fresh = registry(600_000);
  const cancel = new AbortController();
  const waiting = awaitWorkers(fresh, settings, { signal: cancel.signal, onWait: () => cancel.abort() });
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  await expect(fresh.waitFor(1, 600_000, cancel.signal)).rejects.toMatchObject({ code: 'cancelled' });
  fresh.close();
});
