import { Worker } from 'node:worker_threads';
import { afterAll, beforeEach } from 'vitest';
import { describeProcess } from '../../common/pending/index.js';
import { statesOfChildren } from './child.js';

/** A test whose own thread stands still is past every time limit: so long after its last beat the process is ended. */
const STILL_MS = 240_000;
const BEAT_MS = 2_000;

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    const isLate = task.result?.errors?.some(({ message }) => /timed out/i.test(message)) === true;
    if (!isLate) return;
    const states = [`this process:\n  ${describeProcess().join('\n  ')}`, ...(await statesOfChildren())];
    process.stderr.write(`\n"${task.name}" timed out. Where its processes stand:\n${states.join('\n')}\n`);
  });
});

const watchdog = new Worker(
  `const { parentPort } = require('node:worker_threads');
   let timer;
   parentPort.on('message', () => {
     clearTimeout(timer);
     timer = setTimeout(() => {
       process.stderr.write('a test stands still: its process is ended\\n');
       process.kill(process.pid, 'SIGKILL');
     }, ${STILL_MS});
     timer.unref();
   });`,
  { eval: true },
);
watchdog.unref();
const beat = setInterval(() => watchdog.postMessage('beat'), BEAT_MS);
beat.unref();
watchdog.postMessage('beat');
afterAll(async () => {
  clearInterval(beat);
  await watchdog.terminate();
});
