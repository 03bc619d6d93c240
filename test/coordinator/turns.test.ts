import { expect, it } from 'vitest';
import { Turns } from '../../coordinator/turns.js';

it('so many at a time, in order; one that is cancelled while it waits takes no turn, nor does one that fails keep it', async () => {
  const turns = new Turns(2);
  const never = new AbortController().signal;
  const begun: number[] = [];
  const ends = new Map<number, (fails?: boolean) => void>();
  const start = (name: number, signal = never): Promise<number> =>
    turns.run(
      () =>
        new Promise((resolve, reject) => {
          begun.push(name);
          ends.set(name, (fails = false) => (fails ? reject(new Error('failed')) : resolve(name)));
        }),
      signal,
    );
  const cancel = new AbortController();
  const [first, second, third, fourth, fifth] = [
    start(1),
    start(2),
    start(3),
    start(4, cancel.signal),
    start(5),
  ];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settle();
  expect(begun).toEqual([1, 2]);
  cancel.abort();
  await expect(fourth).rejects.toMatchObject({ code: 'cancelled' });
  ends.get(2)?.(true);
  await expect(second).rejects.toThrow('failed');
  await settle();
  expect(begun).toEqual([1, 2, 3]);
  ends.get(1)?.();
  await settle();
  expect(begun).toEqual([1, 2, 3, 5]);
  for (const name of [3, 5]) ends.get(name)?.();
  expect(await Promise.all([first, third, fifth])).toEqual([1, 3, 5]);
  // All turns are free again.
  const again = [start(6), start(7), start(8)];
  await settle();
  expect(begun).toEqual([1, 2, 3, 5, 6, 7]);
  for (const name of [6, 7]) ends.get(name)?.();
  await settle();
  ends.get(8)?.();
  await Promise.all(again);
});
