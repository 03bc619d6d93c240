import { expect, it } from 'vitest';
import { untilAborted } from '../../cli/signals.js';

it('a signal that came before somebody waited for it counts', async () => {
  const controller = new AbortController();
  let told = 0;
  void untilAborted(controller.signal).then(() => (told += 1));
  await Promise.resolve();
  expect(told).toBe(0);
  controller.abort();
  await untilAborted(controller.signal);
  expect(told).toBe(1);
});
