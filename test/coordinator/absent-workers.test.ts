import { expect, it } from 'vitest';
import { AbsentWorkers } from '../../coordinator/workers/absent-workers.js';

it('remembers who was lost, the last first, until they are back or nobody asks any more', () => {
  let nowMs = 0;
  const absent = new AbsentWorkers(() => nowMs);
  absent.lost('a', 'it went away');
  nowMs = 10_000;
  absent.lost('b', 'it was told to end');
  absent.lost('c', 'silent');
  absent.back('c');
  expect(absent.list()).toEqual([
    { name: 'b', why: 'it was told to end', secondsAgo: 0 },
    { name: 'a', why: 'it went away', secondsAgo: 10 },
  ]);
  nowMs = 3_605_000;
  expect(absent.list().map(({ name }) => name)).toEqual(['b']);
  for (let at = 0; at < 100; at++) absent.lost(`w${at}`, 'gone');
  expect(absent.list()).toHaveLength(32);
});
