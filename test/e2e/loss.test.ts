import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AsyncDiffClient, type JobEvent } from '../../client/index.js';
import { packageRoot } from '../../common/package.js';
import type { Tensor } from '../../common/tensor/index.js';
import { decodePng, imagePsnrDb } from '../../common/image/index.js';
import { bytesOf, expectSameBits } from '../support/bits.js';
import { CliProcess } from '../support/child.js';
import { eventually } from '../support/cli.js';
import { denoiseOn, follow, TestCluster } from '../support/cluster.js';
import { type DenoiseSubject, runDistributed } from '../support/denoise-settings.js';
import { writeModel } from '../support/onnx-builder.js';
import { Reference } from '../support/reference.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor, smallScheduler } from '../support/small-predictor.js';

const T = 60;
/** Random weights make latents that no prediction can follow: the tolerance would leave nothing to lose. */
const SETTINGS = { cuts: ['middle'], warmUp: 2, end: 1, microCuts: 1, tolerance: 'off' } as const;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-loss-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function subjectOn(
  cluster: { client: AsyncDiffClient; cacheDir: string },
  schedulerConfig = SMALL_SCHEDULER,
): Promise<DenoiseSubject> {
  const modelPath = writeModel(smallPredictor(), folder);
  return {
    modelPath,
    modelSha256: await cluster.client.uploadModel(modelPath),
    schedulerConfig,
    inputs: smallInputs(),
    workDir: join(cluster.cacheDir, 'plans'),
  };
}

function request(subject: DenoiseSubject, maxWorkers = 2) {
  const { modelSha256, schedulerConfig, inputs } = subject;
  const plan = { ...SETTINGS, maxWorkers };
  return { modelSha256, schedulerConfig, inputs, numInferenceSteps: T, sendSteps: true, plan };
}

describe('a worker that is lost in mid-run', () => {
  let cluster: TestCluster;
  let subject: DenoiseSubject;
  beforeAll(async () => {
    cluster = await TestCluster.start({ workers: 3 });
    // A sampler that remembers a step: where the job goes on, it must be told.
    subject = await subjectOn(cluster, smallScheduler('DPMSolverMultistepScheduler'));
  });
  afterAll(() => cluster?.stop());

  it('killed: the job goes on from the last finished step, as a reference that does the same', async () => {
    const eps: Tensor[] = [];
    const before: Tensor[] = [];
    const warnings: string[] = [];
    let resumedAt = -1;
    const { done } = await denoiseOn(cluster.client, request(subject), (event) => {
      if (event.type === 'warning') warnings.push(event.message);
      if (event.type !== 'step') return;
      if (warnings.length > 0 && resumedAt < 0) resumedAt = event.step;
      eps[event.step] = event.eps;
      before[event.step] = event.latents;
      if (event.step === 20) cluster.workers[1]?.kill('SIGKILL');
    });
    expect(done.report.restarts).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('a worker was lost; going on with 2')]);
    expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w3']);
    expect(resumedAt).toBeGreaterThan(20);
    const settings = { numInferenceSteps: T, ...SETTINGS };
    const reference = new Reference(subject);
    const head = await reference.run(settings);
    for (let step = 0; step < resumedAt; step++)
      expectSameBits(eps[step] as Tensor, head.eps[step] as Tensor, `step ${step}, before the loss`);
    const tail = await reference.run(settings, { firstStep: resumedAt, latents: before, eps });
    await reference.close();
    for (let step = resumedAt; step < T; step++)
      expectSameBits(eps[step] as Tensor, tail.eps[step] as Tensor, `step ${step}, after the loss`);
    expectSameBits(done.latents, tail.latents, 'final latents');
  });

  it('killed while nobody watches the steps: the job goes on from a checkpoint, as a reference that does the same', async () => {
    cluster.addWorker('w2');
    await cluster.waitFor(3);
    // Two calls of the model a step, and fresh noise: 899 calls. What is drawn after the loss must be what would have been.
    const many = 450;
    const noisy = await subjectOn(cluster, smallScheduler('KDPM2AncestralDiscreteScheduler'));
    const warnings: string[] = [];
    let told = 0;
    const { done } = await denoiseOn(
      cluster.client,
      { ...request(noisy), sendSteps: false, numInferenceSteps: many },
      (event) => {
        if (event.type === 'warning') warnings.push(event.message);
        if (event.type !== 'progress' || warnings.length > 0) return;
        if (told < 500 && event.step >= 500) cluster.workers.at(-1)?.kill('SIGKILL');
        told = event.step;
      },
    );
    expect(done.report.restarts).toBe(1);
    const resumedAt = Number(/from step (\d+)/.exec(warnings[0] ?? '')?.[1]);
    expect(resumedAt).toBeGreaterThan(0);
    const settings = { numInferenceSteps: many, ...SETTINGS };
    const reference = new Reference(noisy);
    const head = await reference.run(settings);
    const tail = await reference.run(settings, { firstStep: resumedAt, latents: head.before, eps: head.eps });
    await reference.close();
    expectSameBits(done.latents, tail.latents, 'final latents');
    expect(bytesOf(done.latents).equals(bytesOf(head.latents))).toBe(false);
  });

  it('comes back: it registers again under its name and is used', async () => {
    const again = cluster.addWorker('w2');
    await cluster.waitFor(3);
    const { done } = await denoiseOn(cluster.client, request(subject));
    expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w2']);
    expect(done.report.restarts).toBe(0);
    expect(again.ended).toBe(false);
  });

  it('stopped: it counts as lost after missed pings, and registers again when it wakes', async () => {
    const silent = cluster.workers[0] as CliProcess;
    try {
      const { done } = await denoiseOn(cluster.client, request(subject), (event) => {
        if (event.type === 'step' && event.step === 10) silent.kill('SIGSTOP');
      });
      expect(done.report.restarts).toBe(1);
      expect(done.report.workers.map(({ name }) => name)).toEqual(['w2', 'w3']);
    } finally {
      silent.kill('SIGCONT');
    }
    await cluster.waitFor(3);
    const { done } = await denoiseOn(cluster.client, request(subject));
    expect(done.report.workers.map(({ name }) => name)).toEqual(['w1', 'w2']);
  });

  it('the last one: a clear error, and the next job works when there is one again', async () => {
    const names = ['w1', 'w2', 'w3'];
    const failed = denoiseOn(cluster.client, request(subject, 3), (event) => {
      if (event.type === 'step' && event.step === 5)
        for (const worker of cluster.workers) worker.kill('SIGKILL');
    });
    await expect(failed).rejects.toMatchObject({
      code: 'worker_lost',
      message: expect.stringMatching(/worker w\d/),
    });
    await eventually(async () => (await cluster.client.status()).workers.length === 0, 'no workers');
    await expect(denoiseOn(cluster.client, request(subject))).rejects.toMatchObject({ code: 'no_workers' });
    for (const name of names.slice(0, 2)) cluster.addWorker(name);
    await cluster.waitFor(2);
    const run = await runDistributed(cluster.client, subject, {
      numInferenceSteps: 6,
      cuts: SETTINGS.cuts,
      warmUp: 1,
    });
    expect(run.done?.report.workers).toHaveLength(2);
  });
});

it('a picture that lost a worker on the way is nearly the undisturbed one', async () => {
  const cluster = await TestCluster.start({
    workers: 2,
    coordinator: { modelDir: join(packageRoot, 'models', 'emoji') },
  });
  try {
    const draw = (onEvent?: (event: JobEvent) => void) =>
      follow(
        cluster.client.generate({
          prompt: 'red apple',
          numInferenceSteps: 16,
          plan: { components: 2, warmUp: 3 },
          previewEvery: 1,
        }),
        onEvent,
      );
    const { done: whole } = await draw();
    let killed = false;
    const { done: disturbed } = await draw((event) => {
      if (killed || event.type !== 'progress' || event.step < 5) return;
      killed = true;
      cluster.workers[1]?.kill('SIGKILL');
    });
    expect(disturbed.report.restarts).toBe(1);
    const [a, b] = [
      await decodePng(whole.images[0] as Uint8Array),
      await decodePng(disturbed.images[0] as Uint8Array),
    ];
    expect(imagePsnrDb(a, b)).toBeGreaterThan(20);
  } finally {
    await cluster.stop();
  }
});

it('a coordinator that is lost: its client hears so, workers join the next one at its port', async () => {
  const cache = ['--cache', join(folder, 'cache')];
  const first = new CliProcess(['serve', '--listen', '127.0.0.1:0', ...cache]);
  const { address } = await first.ready();
  const worker = new CliProcess([
    'worker',
    '--join',
    address,
    '--threads',
    '1',
    '--exit-with-stdin',
    ...cache,
  ]);
  await worker.until(() => worker.stderr.includes('"joined"'), 'join');
  const client = new AsyncDiffClient(address);
  const modelPath = writeModel(smallPredictor(), folder);
  const modelSha256 = await client.uploadModel(modelPath);
  const job = { modelSha256, schedulerConfig: SMALL_SCHEDULER, inputs: smallInputs(), sendSteps: true };
  const failed = denoiseOn(client, { ...job, numInferenceSteps: 900 }, (event) => {
    if (event.type === 'step' && event.step === 3) first.kill('SIGKILL');
  });
  await expect(failed).rejects.toMatchObject({
    code: 'coordinator_unreachable',
    message: expect.stringContaining(address),
  });
  const second = new CliProcess(['serve', '--listen', address, ...cache]);
  await second.ready();
  await eventually(async () => (await client.status()).workers.length === 1, 'the worker joins again');
  const { done } = await denoiseOn(client, { ...job, numInferenceSteps: 4 });
  expect(done.report.workers).toHaveLength(1);
  client.close();
  expect(await worker.stop()).toMatchObject({ code: 0 });
  expect(await second.stop()).toMatchObject({ code: 0 });
});
