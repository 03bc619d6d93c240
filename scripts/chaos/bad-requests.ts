/**
 * What one bad request costs a coordinator that has the bundled model and one worker: `npm run chaos:bad-requests [-- --only REGEXP]`. One JSON line for each kind:
 * how it ended, after how long, by how much the coordinator's memory and that of its planning process grew meanwhile at most, and how long
 * `status` took at most. Exit code 1 where the coordinator grew by more than 100 MB, or status took longer than a second.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AsyncDiffClient, AsyncDiffError } from '../../client/index.js';
import { packageRoot } from '../../common/package.js';
import { openCoordinatorChannel } from '../../rpc/index.js';
import { badRequests } from './bad-request-kinds.js';
import { Daemon } from './daemon.js';

const MAX_GROWTH_MB = 100;
const MAX_STATUS_MS = 1_000;
const LOOK_MS = 50;

/** Asks for status again and again, in a process that does nothing else; on a message, tells how long it took at most since the last. */
function probe(address: string): void {
  const client = new AsyncDiffClient(address);
  let slowestMs = 0;
  let askedMs = performance.now();
  process.on('message', () => {
    process.send?.(Math.max(slowestMs, performance.now() - askedMs));
    slowestMs = 0;
  });
  void (async () => {
    for (;;) {
      askedMs = performance.now();
      await client.status().catch(() => undefined);
      slowestMs = Math.max(slowestMs, performance.now() - askedMs);
      await sleep(LOOK_MS);
    }
  })();
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', default: '' } },
});
const [probed] = positionals;
if (probed !== undefined) {
  probe(probed);
  await new Promise(() => undefined);
}

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-bad-'));
const cache = (name: string): string[] => ['--cache', join(folder, name)];
const serve = new Daemon([
  'serve',
  '--model',
  join(packageRoot, 'models', 'emoji'),
  '--listen',
  '127.0.0.1:0',
  '--threads',
  '1',
  ...cache('coordinator'),
]);
const address = (await serve.ready) ?? '';
const worker = new Daemon(['worker', '--join', address, '--threads', '1', ...cache('worker')]);
await worker.ready;
const client = new AsyncDiffClient(address);
const channel = openCoordinatorChannel(address);

const requests = badRequests(client, channel);

/** Resident memory in MB of the coordinator, and of the processes that it has started. */
function memory(): { coordinator: number; planning: number } {
  const of = (pid: number | string): number => {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      return 0;
    }
  };
  const tasks = readdirSync(`/proc/${serve.pid}/task`);
  const children = tasks.flatMap((task) => {
    try {
      return readFileSync(`/proc/${serve.pid}/task/${task}/children`, 'utf8').trim().split(' ');
    } catch {
      return [];
    }
  });
  return { coordinator: of(serve.pid), planning: Math.max(0, ...children.map(of)) };
}

const prober = fork(fileURLToPath(import.meta.url), [address]);
function slowestStatus(): Promise<number> {
  return new Promise((resolve) => {
    prober.once('message', (ms) => resolve(Number(ms)));
    prober.send('tell');
  });
}

/** The one worker is there: the next kind finds it as the one before did. */
async function workerIsBack(): Promise<void> {
  if (!worker.isAlive) throw new Error(`the worker has ended: ${worker.lastLines.join('\n')}`);
  for (let tries = 0; tries < 100; tries++) {
    const { workers, runningJobs } = await client.status();
    if (workers.length === 1 && runningJobs === 0) return;
    await sleep(200);
  }
}

let isGood = true;
try {
  // What the first job of all takes is no one's fault.
  await requests.plain();
  const wanted = new RegExp(values.only);
  for (const [kind, ask] of Object.entries(requests.kinds).filter(([name]) => wanted.test(name))) {
    const before = memory();
    const most = { ...before };
    await slowestStatus();
    const looking = setInterval(() => {
      const now = memory();
      most.coordinator = Math.max(most.coordinator, now.coordinator);
      most.planning = Math.max(most.planning, now.planning);
    }, LOOK_MS);
    const startMs = performance.now();
    const end = await ask().catch((error: unknown) => AsyncDiffError.from(error).code);
    const seconds = (performance.now() - startMs) / 1000;
    clearInterval(looking);
    const statusMs = await slowestStatus();
    const growth = Math.round(most.coordinator - before.coordinator);
    isGood &&= growth <= MAX_GROWTH_MB && statusMs <= MAX_STATUS_MS && serve.isAlive;
    const line = {
      kind,
      end,
      seconds: Number(seconds.toFixed(1)),
      coordinator_grew_mb: growth,
      planning_process_mb: Math.round(most.planning),
      slowest_status_ms: Math.round(statusMs),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (!serve.isAlive) process.stdout.write(`${serve.lastLines.join('\n')}\n`);
    await workerIsBack();
  }
} finally {
  prober.kill();
  client.close();
  channel.close();
  await Promise.all([serve.kill(), worker.kill()]);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isGood ? 0 : 1);
