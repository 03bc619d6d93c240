import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { Coordinator } from '../../coordinator/index.js';
import { CliProcess } from '../support/child.js';
import { denoiseOn } from '../support/cluster.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-restart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a job that a coordinator gets before its workers have found it waits for them', async () => {
  const serve = (listen: string): Promise<Coordinator> =>
    Coordinator.start({
      listen,
      workDir: join(folder, 'plans'),
      threads: 1,
      log: { info: () => undefined, warn: () => undefined },
    });
  const first = await serve('127.0.0.1:0');
  const { address } = first;
  const worker = new CliProcess([
    'worker',
    '--join',
    address,
    '--name',
    'w1',
    '--cache',
    join(folder, 'cache'),
  ]);
  await first.registry.waitFor(1, 60_000);
  await first.stop(0);
  const second = await serve(address);
  const client = new AsyncDiffClient(address);
  try {
    const modelSha256 = await second.models.addLocal(writeModel(smallPredictor(), folder));
    const stages: string[] = [];
    const job = {
      modelSha256,
      schedulerConfig: SMALL_SCHEDULER,
      inputs: smallInputs(false),
      numInferenceSteps: 4,
    };
    const { done } = await denoiseOn(client, job, (event) => {
      if (event.type === 'preparing') stages.push(event.stage);
    });
    expect(done.report.workers.map(({ name }) => name)).toEqual(['w1']);
    expect(stages[0]).toBe('join');
  } finally {
    client.close();
    worker.kill('SIGKILL');
    await worker.exit;
    await second.stop(0);
  }
});
