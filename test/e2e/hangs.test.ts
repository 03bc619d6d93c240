import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type DenoiseOptions, type JobEvent } from '../../client/index.js';
import type { Route__Output } from '../../rpc/gen/asyncdiff/v1/Route.js';
import {
  type CoordinatorMetrics,
  type CoordinatorOptions,
  loadCoordinatorMetrics,
} from '../../coordinator/index.js';
import { CliProcess } from '../support/child.js';
import { denoiseOn, TestCluster } from '../support/cluster.js';
import { eventually } from '../support/cli.js';
import { type Answers, FakeWorker, obliging } from '../support/fake-worker.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';
import { FaultyLink } from '../../scripts/chaos/faulty-link.js';

const CUTS = ['middle'];
/** Of a job that is over before anything can be done to it, and of one that is not. */
const [SHORT, LONG] = [4, 60];
let folder: string;
let closing: (() => void | Promise<void>)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-hangs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** Tensors go where a proxy stands. */
const BY_NETWORK = ['--shared-memory', 'off'];
/** Limits that a test can wait for. */
const limitsMs = { deploy: 1_500, start: 1_000, end: 1_000, round: 1_500, ask: 1_000 };

async function start(
  workers: number,
  metrics?: CoordinatorOptions['metrics'],
): Promise<{ cluster: TestCluster; job: (steps?: number) => DenoiseOptions }> {
  const cluster = await TestCluster.start({
    workers,
    workerFlags: BY_NETWORK,
    coordinator: { limitsMs, metrics },
  });
  closing.push(() => cluster.stop());
  const modelSha256 = await cluster.client.uploadModel(writeModel(smallPredictor(), folder));
  const job = (numInferenceSteps = SHORT): DenoiseOptions => ({
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps,
    plan: { cuts: CUTS, warmUp: 1, microCuts: 1 },
  });
  return { cluster, job };
}

async function proxyTo(target = ''): Promise<FaultyLink> {
  const proxy = await FaultyLink.open(target);
  closing.push(() => proxy.close());
  return proxy;
}

/** Adds a worker whose neighbours reach it through a proxy. */
async function addBehindProxy(cluster: TestCluster, name: string): Promise<FaultyLink> {
  const proxy = await proxyTo();
  const worker = cluster.addWorker(name, ['--advertise', proxy.address, ...BY_NETWORK]);
  proxy.target = (await worker.ready()).address;
  return proxy;
}

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

function stepped(at: number, act: () => void): (event: JobEvent) => void {
  let acted = false;
  return (event) => {
    if (acted || event.type !== 'step' || event.step < at) return;
    acted = true;
    act();
  };
}

describe('a link between two workers', () => {
  it('that ends between jobs does not hold up the next', async () => {
    const { cluster, job } = await start(1);
    const proxy = await addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    for (let count = 0; count < 3; count++) {
      const { done } = await denoiseOn(cluster.client, job());
      expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w2']);
      proxy.cut();
    }
  });

  it('that is cut in the middle of a job: both workers stay, and the job goes on', async () => {
    const { cluster, job } = await start(1);
    const proxy = await addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    const { done } = await denoiseOn(
      cluster.client,
      { ...job(LONG), sendSteps: true },
      stepped(10, () => proxy.cut()),
    );
    expect(done.report.workers).toHaveLength(2);
    expect(done.report.restarts).toBe(1);
  });

  it('that is cut silently, in the middle of a job and from then on: tensors go through the coordinator', async () => {
    const { cluster, job } = await start(1);
    const proxy = await addBehindProxy(cluster, 'w2');
    await cluster.waitFor(2);
    const warnings: string[] = [];
    const freeze = stepped(10, () => proxy.freeze());
    const { done } = await denoiseOn(cluster.client, { ...job(LONG), sendSteps: true }, (event) => {
      freeze(event);
      if (event.type === 'warning') warnings.push(event.message);
    });
    expect(done.report.workers).toHaveLength(2);
    expect(warnings.join('\n')).toMatch(
      /going on through the coordinator from step \d+: .* did not come from worker w\d to worker w\d/,
    );
    // The next one does not try again at once.
    expect((await denoiseOn(cluster.client, job())).done.report.restarts).toBe(0);
  });
});

describe('a worker', () => {
  it('that is stopped between two jobs does not hold up the next, nor the one after it', async () => {
    const { cluster, job } = await start(3);
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
    const { cluster, job } = await start(2, (relay) => (counted = new Metrics(relay)));
    for (const [mistake, answers] of Object.entries(mistakes)) {
      // Its name puts it first.
      const fake = new FakeWorker(cluster.coordinator.address, `a worker that ${mistake}`, answers);
      closing.push(() => fake.close());
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
    const { cluster, job } = await start(1);
    const fake = new FakeWorker(cluster.coordinator.address, 'a', obliging, { maxMessageBytes: 8 });
    closing.push(() => fake.close());
    await cluster.waitFor(2);
    await expect(denoiseOn(cluster.client, job())).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringMatching(/worker a takes messages of 8 bytes/),
      hint: expect.stringContaining('--max-message-mb'),
    });
  });
});

it('a job outlives any number of losses with progress between them', async () => {
  const { cluster, job } = await start(0);
  const proxy = await proxyTo(cluster.coordinator.address);
  const worker = cluster.addWorker('w1', ['--join', proxy.address]);
  await worker.ready();
  await cluster.waitFor(1);
  let next = 5;
  const { done } = await denoiseOn(cluster.client, { ...job(LONG), sendSteps: true }, (event) => {
    if (event.type !== 'step' || event.step < next || event.step > 50) return;
    next = event.step + 8;
    proxy.cut();
  });
  expect(done.report.restarts).toBeGreaterThan(4);
});

it('cancelling frees the queue in every phase, whatever the worker does', async () => {
  const { cluster, job } = await start(0);
  let phase: Answers = () => undefined;
  const fake = new FakeWorker(cluster.coordinator.address, 'a', (message) => phase(message));
  closing.push(() => fake.close());
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
    await eventually(() => cluster.coordinator.jobs.running === 0, 'the queue is free', 1_000);
    expect(cluster.coordinator.registry.workers.map(({ state }) => state)).not.toContain('busy');
  }
});

it('plans of the same id, one after another on a slow link to the coordinator, do not disturb each other', async () => {
  const { cluster, job } = await start(1);
  const proxy = await proxyTo(cluster.coordinator.address);
  proxy.delayMs = 150;
  cluster.addWorker('w2', ['--join', proxy.address]);
  await cluster.waitFor(2);
  const runs = [1, 'auto', 1, 'auto'] as const;
  for (const microCuts of runs) {
    const { done } = await denoiseOn(cluster.client, {
      ...job(),
      plan: { cuts: CUTS, warmUp: 1, microCuts },
    });
    expect(done.report.workers).toHaveLength(2);
  }
});

it('a process that seems to hang says what it waits for when it is asked', async () => {
  const serve = new CliProcess([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--cache',
    join(folder, 'cache'),
    '--exit-with-stdin',
  ]);
  closing.push(() => void serve.stop());
  const { address } = await serve.ready();
  const fake = new FakeWorker(address, 'mute', () => undefined);
  closing.push(() => fake.close());
  await serve.until(() => serve.stderr.includes('worker registered'), 'register it');
  const client = new AsyncDiffClient(address);
  closing.push(() => client.close());
  const modelSha256 = await client.uploadModel(writeModel(smallPredictor(), folder));
  const request = {
    modelSha256,
    schedulerConfig: SMALL_SCHEDULER,
    inputs: smallInputs(),
    numInferenceSteps: SHORT,
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
