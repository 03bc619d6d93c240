import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AsyncDiffClient } from '../../client/index.js';
import { type CoordinatorMetrics, loadCoordinatorMetrics } from '../../coordinator/index.js';
import type { Route__Output } from '../../rpc/gen/asyncdiff/v1/Route.js';
import { BreakableSetting } from '../support/breakable-setting.js';
import { CliProcess } from '../support/child.js';
import { denoiseOn } from '../support/cluster.js';
import { eventually } from '../support/cli.js';
import { type Answers, FakeWorker, obliging } from '../support/fake-worker.js';
import { writeModel } from '../support/onnx-builder.js';
import { tinyLatents, tinyScheduler, writeTinyModel } from '../../scripts/chaos/tiny-model.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

const setting = new BreakableSetting();

/** Answers of a worker that makes so many frames of 256 KiB, of what it is to make or of something else, at once. */
function flooding(name: string | undefined, frames: number): Answers {
  let routes: readonly Route__Output[] = [];
  return (message) => {
    if (message.deploy) ({ routes } = message.deploy);
    if (!message.issueRound) return obliging(message);
    const { jobId, attempt } = message.issueRound;
    const data = new Uint8Array(256 << 10);
    const frame = { jobId, attempt, name: name ?? routes[0]?.name ?? '', data, totalBytes: data.length };
    const relayedFrame = { toWorkerIds: [routes[0]?.to[0]?.workerId ?? ''], frame };
    return { batch: { messages: Array.from({ length: frames }, () => ({ relayedFrame })) } };
  };
}

describe('a worker', () => {
  it('that is stopped between two jobs does not hold up the next, nor the one after it', async () => {
    const { cluster, job } = await setting.start(3);
    await denoiseOn(cluster.client, job());
    cluster.workers[1]?.kill('SIGSTOP');
    const { done } = await denoiseOn(cluster.client, job());
    expect(done.report.workers.map(({ name }) => name)).not.toContain('w2');
    cluster.workers[1]?.kill('SIGCONT');
    await cluster.waitFor(3);
    const { done: next } = await denoiseOn(cluster.client, job());
    expect(next.report).toMatchObject({ restarts: 0, workers: [{}, {}] });
  });

  const mistakes: Record<string, Answers> = {
    'never opens its part of the plan': () => undefined,
    'goes away while it is deployed to': (message) => (message.deploy ? 'leave' : obliging(message)),
    'never starts a job': (message) => (message.startJob ? undefined : obliging(message)),
    'goes away while a job starts': (message) => (message.startJob ? 'leave' : obliging(message)),
    'starts and never computes': obliging,
    'never says what it is at': (message) => (message.askState ? undefined : obliging(message)),
    'is in a run that does not end': (message) =>
      message.askState ? { stateReport: { id: message.askState.id, computing: true } } : obliging(message),
    'sends through the coordinator what nobody reads': flooding('nothing', 1),
    'sends more through the coordinator than it may': flooding(undefined, 64),
    'gives back what it has not got': (message) =>
      message.issueRound
        ? { relayCredit: { ...message.issueRound, workerId: 'w1', bytes: 1 } }
        : obliging(message),
    'gives a checkpoint of another step, and no state': (message) =>
      message.issueRound
        ? { roundDone: { ...message.issueRound, lastStep: 99, state: { nextStep: 1 } } }
        : obliging(message),
  };
  it('that makes a mistake loses its place: the job is done by the others, and nobody stays busy', async () => {
    const Metrics = await loadCoordinatorMetrics();
    let counted: CoordinatorMetrics | undefined;
    const { cluster, job } = await setting.start(2, { metrics: (relay) => (counted = new Metrics(relay)) });
    for (const [mistake, answers] of Object.entries(mistakes)) {
      // Its name puts it first.
      const fake = new FakeWorker(cluster.coordinator.address, `a worker that ${mistake}`, answers);
      setting.afterwards(() => fake.close());
      await cluster.waitFor(3);
      const { done } = await denoiseOn(cluster.client, job());
      expect(
        done.report.workers.map(({ name }) => name),
        mistake,
      ).toEqual(['w1', 'w2']);
      expect(done.report.restarts, mistake).toBeGreaterThan(0);
      fake.close();
      await eventually(() => cluster.coordinator.registry.workers.length === 2, 'it is gone');
      expect(
        cluster.coordinator.registry.workers.map(({ state }) => state),
        mistake,
      ).toEqual(['ready', 'ready']);
    }
    // What cannot be is noticed at once, and not by the time that it takes.
    expect(await counted?.registry.metrics()).toContain('asyncdiff_worker_losses_total{reason="wrong"} 4');
  });

  it('that cannot take the inputs of a job: an error that names it and its flag', async () => {
    const { cluster, job } = await setting.start(1);
    const fake = new FakeWorker(cluster.coordinator.address, 'a', obliging, { maxMessageBytes: 8 });
    setting.afterwards(() => fake.close());
    await cluster.waitFor(2);
    await expect(denoiseOn(cluster.client, job())).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringMatching(/worker a takes messages of 8 bytes/),
      hint: expect.stringContaining('--max-message-mb'),
    });
  });

  it('whose sampler keeps more than a message holds: an error that says so, and it keeps its place', async () => {
    const maxMessageBytes = 1.5 * 2 ** 20;
    const { cluster, job } = await setting.start(1, { maxMessageBytes });
    const modelSha256 = await cluster.client.uploadModel(writeTinyModel(setting.folder));
    const large = { modelSha256, inputs: { sample: tinyLatents(256) }, plan: { components: 1 } };
    const schedulerConfig = tinyScheduler('PNDMScheduler');
    await expect(denoiseOn(cluster.client, { ...job(), ...large, schedulerConfig })).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringMatching(/the checkpoint after step \d+ has \d+ bytes/),
      hint: expect.stringContaining('--max-message-mb'),
    });
    const { done } = await denoiseOn(cluster.client, job());
    expect(done.report.restarts).toBe(0);
    expect(cluster.coordinator.registry.workers.map(({ state }) => state)).toEqual(['ready']);
  });
});

it('cancelling frees the queue in every phase, whatever the worker does', async () => {
  // What frees the queue is that the job was cancelled, and no limit.
  const limitsMs = { deploy: 30_000, start: 30_000, end: 30_000, round: 30_000, ask: 30_000 };
  const { cluster, job } = await setting.start(0, { limitsMs });
  let phase: Answers = () => undefined;
  const fake = new FakeWorker(cluster.coordinator.address, 'a', (message) => phase(message));
  setting.afterwards(() => fake.close());
  await cluster.waitFor(1);
  const phases: Record<string, Answers> = {
    deploy: () => undefined,
    startJob: (message) => (message.startJob ? undefined : obliging(message)),
    issueRound: obliging,
  };
  for (const [name, answers] of Object.entries(phases)) {
    phase = answers;
    const seen = fake.heard.length;
    const controller = new AbortController();
    const running = denoiseOn(cluster.client, { ...job(), signal: controller.signal });
    await eventually(
      () =>
        fake.heard
          .slice(seen)
          .some((message) => message[name as 'deploy'] !== null && message[name as 'deploy'] !== undefined),
      `the job comes to ${name}`,
    );
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await eventually(() => cluster.coordinator.jobs.running === 0, 'the queue is free', 15_000);
    expect(cluster.coordinator.registry.workers.map(({ state }) => state)).not.toContain('busy');
  }
});

it('a process that seems to hang says what it waits for when it is asked', async () => {
  const serve = new CliProcess([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--cache',
    join(setting.folder, 'cache'),
    '--exit-with-stdin',
  ]);
  setting.afterwards(() => void serve.stop());
  const { address } = await serve.ready();
  const fake = new FakeWorker(address, 'mute', () => undefined);
  setting.afterwards(() => fake.close());
  await serve.until(() => serve.stderr.includes('worker registered'), 'register it');
  const client = new AsyncDiffClient(address);
  setting.afterwards(() => client.close());
  const modelSha256 = await client.uploadModel(writeModel(smallPredictor(), setting.folder));
  const request = {
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps: 4,
  };
  const stop = new AbortController();
  const job = denoiseOn(client, { ...request, signal: stop.signal });
  await eventually(
    () => fake.heard.some(({ deploy }) => deploy !== null && deploy !== undefined),
    'it is deployed to',
  );
  serve.kill('SIGUSR2');
  await serve.until(() => serve.stderr.includes('state of process'), 'say what it waits for');
  await serve.until(
    () => serve.stderr.includes('waits for worker mute to open its part of the plan: for'),
    'name the worker',
  );
  expect(serve.stderr).toMatch(
    /coordinator at .*: 1 running, 0 queued\n {2}worker mute: deploying, heard of 0\.\d s ago/,
  );
  stop.abort();
  await expect(job).rejects.toMatchObject({ code: 'cancelled' });
});
