import { expect, it } from 'vitest';
import { readableLog } from '../../cli/log-text.js';

it('shows lines of our logs as text, and all others as they came', () => {
  const line = JSON.stringify({
    level: 40,
    time: new Date(2026, 0, 2, 3, 4, 5).getTime(),
    pid: 7,
    msg: 'worker gone',
    worker: 'gpu1',
  });
  const half = '{"level":30,"time":17';
  expect(readableLog(`${half}\n${line}\nerror: [internal] why\n`)).toBe(
    `${half}\n03:04:05  warning: worker gone  worker=gpu1\nerror: [internal] why\n`,
  );
});
