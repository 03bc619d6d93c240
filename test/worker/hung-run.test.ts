import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import { zeros } from '../../common/tensor/index.js';
import { Coordinator } from '../../coordinator/index.js';
import { AsyncDiffWorker } from '../../worker/worker.js';
import { eventually } from '../support/cli.js';
import { SMALL_SCHEDULER } from '../support/small-predictor.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-hung-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a worker whose run has no end takes a new inference thread when its coordinator is gone, and joins again', async () => {
  const warnings: string[] = [];
  const quiet = { info: () => undefined, warn: () => undefined };
  const serve = (listen: string): Promise<Coordinator> =>
    Coordinator.start({ listen, workDir: join(folder, 'plans'), threads: 1, log: quiet });
  const first = await serve('127.0.0.1:0');
  const { address } = first;
  const worker = await AsyncDiffWorker.start({
    join: address,
    name: 'w1',
    // A run that takes minutes.
    device: 'declared:a5000-sd15,dilation=2000',
    cacheDir: join(folder, 'cache'),
    runPatienceMs: 300,
    log: { info: () => undefined, warn: (_fields: object, message: string) => void warnings.push(message) },
  });
  await first.registry.waitFor(1, 30_000);
  await untilPlanned(address);
  await first.stop(0);
  const second = await serve(address);
  await second.registry.waitFor(1, 60_000);
  await eventually(() => warnings.includes('inference thread replaced'), 'the thread is replaced');
  // The old one is still in its run: the next plan is opened by another.
  await untilPlanned(address);
  // Both runs go on: whoever ends the process must know.
  await worker.stop(0);
  expect(worker.isComputing).toBe(true);
  await second.stop(0);
});

/** A job until its workers have opened their parts, and have begun. */
async function untilPlanned(address: string): Promise<void> {
  const client = new AsyncDiffClient(address);
  const job = client.denoise({
    modelSha256: '',
    schedulerConfig: SMALL_SCHEDULER,
    inputs: {
      sample: new TorchGenerator(1).randn([1, 4, 64, 64]),
      encoder_hidden_states: zeros('float16', [2, 77, 768]),
    },
    numInferenceSteps: 4,
    guidanceScale: 7.5,
  });
  for await (const event of job) {
    if (event.type !== 'planned') continue;
    // Its first task is on its way.
    await new Promise((resolve) => setTimeout(resolve, 500));
    break;
  }
  client.close();
}
