import { expect, it } from 'vitest';
import { zeros } from '../../common/tensor/index.js';
import { computingThread, Freezer } from '../../scripts/chaos/freezer.js';
import { TestCluster } from '../support/cluster.js';
import { SMALL_SCHEDULER } from '../support/small-predictor.js';

const STEPS = 40;
/** After more reports than the coordinator needs to know what rounds take. */
const STEP = 14;

if (!Freezer.isThere)
  console.log('a frozen thread is not tested: no freezer of cgroups, version 1, that may be written');

it.skipIf(!Freezer.isThere)(
  'a thread that stands still in a run, while its process answers: the job goes on with the others, two rounds back at most',
  async () => {
    const events: { readonly name: string; readonly ms: number; readonly fromStep: number }[] = [];
    const note = (fields: object, name: string): void =>
      void events.push({
        name,
        ms: Date.now(),
        fromStep: Number((fields as Record<string, unknown>)['from_step'] ?? 0),
      });
    const cluster = await TestCluster.start({
      workers: 3,
      workerFlags: ['--device', 'declared:a5000-sd21,dilation=8'],
      coordinator: { log: { info: note, warn: note }, limitsMs: { round: 500 } },
    });
    const freezer = new Freezer();
    try {
      const { inputs, sampleInput, timestepInput } =
        (await cluster.client.status()).workers[0]?.declaredDevice ?? {};
      const given = (inputs ?? []).filter(({ name }) => name !== timestepInput);
      const job = cluster.client.denoise({
        modelSha256: '',
        schedulerConfig: SMALL_SCHEDULER,
        inputs: Object.fromEntries(
          given.map(({ name, dtype, dims: [rows = 1, ...dims] }) =>
            name === sampleInput
              ? ['sample', zeros('float32', [rows / 2, ...dims])]
              : [name, zeros(dtype as 'float32', [rows, ...dims])],
          ),
        ),
        guidanceScale: 7.5,
        numInferenceSteps: STEPS,
        plan: { components: 2, warmUp: 1, maxWorkers: 2, useWorkers: ['w1', 'w2', 'w3'], tolerance: 'off' },
      });
      let [reached, frozenMs, roundMs] = [0, 0, 0];
      const beganMs: number[] = [];
      for await (const event of job) {
        if (event.type !== 'progress') continue;
        if (events.filter(({ name }) => name === 'job planned').length === 1) reached = event.step;
        beganMs.push(Date.now());
        if (frozenMs > 0 || event.step < STEP) continue;
        roundMs = (Date.now() - (beganMs.at(-9) as number)) / 8;
        frozenMs = Date.now();
        freezer.freeze(computingThread(cluster.workers[1]?.pid ?? 0));
      }
      const { report } = await job.result();
      expect(report.restarts).toBe(1);
      expect(report.workers.map(({ name }) => name)).toEqual(['w1', 'w3']);
      const [, again] = events.filter(({ name }) => name === 'job planned');
      const gone = events.find(({ name }) => name === 'worker gone');
      const rounds = (ms: number): string => (ms / roundMs).toFixed(1);
      console.log(
        `rounds of ${roundMs.toFixed(0)} ms: noticed after ${rounds((gone?.ms ?? 0) - frozenMs)} of them, placed after ${rounds((again?.ms ?? 0) - (gone?.ms ?? 0))} more, ${reached - (again?.fromStep ?? 0)} steps again`,
      );
      expect(reached - (again?.fromStep ?? 0)).toBeLessThanOrEqual(2);
    } finally {
      freezer.thaw();
      await cluster.stop();
      freezer.remove();
    }
  },
  60_000,
);
