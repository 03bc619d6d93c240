/**
 * What a worker that hangs in the middle of a round costs its job, in rounds: `npm run chaos:hangs -- [--dilations 6,60,150]`. The process is stopped, or
 * the thread that computes is frozen alone, as in a run of a driver that does not return: its process goes on answering pings. Devices are declared, so that
 * rounds are long without taking the processor. One JSON line for each. The second way needs the freezer of cgroups, version 1 (root).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AsyncDiffClient } from '../../client/index.js';
import { zeros } from '../../common/tensor/index.js';
import { Daemon } from './daemon.js';
import { computingThread, Freezer } from './freezer.js';
import { tinyScheduler } from './tiny-model.js';

const STEPS = 60;
/** At which it hangs: long after the coordinator knows what rounds take. */
const STEP = 14;
const { values } = parseArgs({ options: { dilations: { type: 'string', default: '6,60,150' } } });

interface Hang {
  readonly act: (pid: number) => void;
  readonly undo: (pid: number) => void;
}

async function measure(name: string, dilation: string, { act, undo }: Hang): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-hangs-'));
  const seen: { msg: string; timeMs: number; fromStep: number }[] = [];
  const onLog = (line: Readonly<Record<string, unknown>>): void =>
    void seen.push({
      msg: String(line['msg']),
      timeMs: Number(line['time']),
      fromStep: Number(line['from_step'] ?? 0),
    });
  const serve = new Daemon(['serve', '--listen', '127.0.0.1:0', '--cache', folder], { onLog });
  const address = (await serve.ready) ?? '';
  const device = `declared:a5000-sd21,dilation=${dilation}`;
  const workers = ['w1', 'w2', 'w3'].map(
    (worker) =>
      new Daemon(['worker', '--join', address, '--name', worker, '--device', device, '--cache', folder]),
  );
  const client = new AsyncDiffClient(address);
  const hung = workers[1] as Daemon;
  try {
    while ((await client.status()).workers.length < workers.length)
      await new Promise((r) => setTimeout(r, 100));
    const declared = (await client.status()).workers[0]?.declaredDevice;
    if (!declared) throw new Error('the workers are no declared devices');
    const { inputs, sampleInput, timestepInput, batch } = declared;
    const job = client.denoise({
      modelSha256: '',
      schedulerConfig: tinyScheduler('DDIMScheduler'),
      inputs: Object.fromEntries(
        inputs
          .filter((input) => input.name !== timestepInput)
          .map(({ name: input, dtype, dims: [rows = 1, ...dims] }) =>
            input === sampleInput
              ? ['sample', zeros('float32', [rows / batch, ...dims])]
              : [input, zeros(dtype as 'float32', [rows, ...dims])],
          ),
      ),
      guidanceScale: batch === 2 ? 7.5 : 1,
      numInferenceSteps: STEPS,
      plan: {
        components: 2,
        stride: 1,
        warmUp: 1,
        maxWorkers: 2,
        useWorkers: ['w1', 'w2', 'w3'],
        tolerance: 'off',
      },
    });
    let [actedMs, reached, resumedMs] = [0, 0, 0];
    const times: number[] = [];
    for await (const event of job) {
      if (event.type !== 'progress') continue;
      if (actedMs > 0 && seen.filter(({ msg }) => msg === 'job planned').length > 1) {
        resumedMs = Date.now();
        break;
      }
      reached = event.step;
      times.push(Date.now());
      if (actedMs > 0 || event.step < STEP) continue;
      // In the middle of the next round.
      const roundMs = ((times.at(-1) ?? 0) - (times.at(-5) ?? 0)) / 4;
      await new Promise((resolve) => setTimeout(resolve, roundMs / 2));
      actedMs = Date.now();
      act(hung.pid);
    }
    const roundMs = ((times.at(-2) ?? 0) - (times.at(-6) ?? 0)) / 4;
    const goneMs = seen.find(({ msg }) => msg === 'worker gone')?.timeMs ?? Number.NaN;
    const [, again] = seen.filter(({ msg }) => msg === 'job planned');
    const rounds = (ms: number): number => Number((ms / roundMs).toFixed(2));
    const line = {
      hang: name,
      round_ms: Math.round(roundMs),
      noticed_ms: goneMs - actedMs,
      noticed_rounds: rounds(goneMs - actedMs),
      placed_ms: (again?.timeMs ?? Number.NaN) - goneMs,
      steps_again: reached - (again?.fromStep ?? 0),
      first_progress_rounds_after_placing: rounds(resumedMs - (again?.timeMs ?? Number.NaN)),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } finally {
    client.close();
    undo(hung.pid);
    await Promise.all([serve, ...workers].map((daemon) => daemon.kill()));
    rmSync(folder, { recursive: true, force: true });
  }
}

const freezer = Freezer.isThere ? new Freezer() : undefined;
const hangs: Record<string, Hang> = {
  'process stopped': {
    act: (pid) => process.kill(pid, 'SIGSTOP'),
    undo: (pid) => process.kill(pid, 'SIGCONT'),
  },
  ...(freezer && {
    'computing thread frozen': {
      act: (pid) => freezer.freeze(computingThread(pid)),
      undo: () => freezer.thaw(),
    },
  }),
};
for (const dilation of values.dilations.split(','))
  for (const [name, hang] of Object.entries(hangs)) await measure(name, dilation, hang);
freezer?.remove();
process.exit(0);
