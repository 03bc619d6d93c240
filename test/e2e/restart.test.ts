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

it('a job that a coordinator gets before its workers have found it waits for all that the one before had', async () => {
  const serve = (listen: string): Promise<Coordinator> =>
    Coordinator.start({
      listen,
      workDir: join(folder, 'plans'),
      threads: 1,
      log: { info: () => undefined, warn: () => undefined },
    });
  // One that listens on any free port takes nobody's place: a port that was free a moment ago is named.
  const probe = await serve('127.0.0.1:0');
  const { address } = probe;
  await probe.stop(0);
  const first = await serve(address);
  const workers = ['w1', 'w2'].map(
    (name) => new CliProcess(['worker', '--join', address, '--name', name, '--cache', join(folder, name)]),
  );
  await first.registry.waitFor(2, 60_000);
  // They cannot find the next one until the job says that it waits.
  for (const worker of workers) worker.kill('SIGSTOP');
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
      plan: { components: 2 },
    };
    const { done } = await denoiseOn(client, job, (event) => {
      if (event.type !== 'preparing') return;
      stages.push(event.stage);
      if (event.stage === 'join') for (const worker of workers) worker.kill('SIGCONT');
    });
    expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w2']);
    expect(stages[0]).toBe('join');
  } finally {
    client.close();
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exit }) => exit));
    await second.stop(0);
  }
});
