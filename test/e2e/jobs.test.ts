import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AsyncDiffClient, type DenoiseOptions, type JobEvent } from '../../client/index.js';
import { messages, openCoordinatorChannel } from '../../rpc/index.js';
import { eventually } from '../support/cli.js';
import { TestCluster } from '../support/cluster.js';
import { writeModel } from '../support/onnx-builder.js';
import { SMALL_SCHEDULER, smallInputs, smallPredictor } from '../support/small-predictor.js';

let folder: string;
let cluster: TestCluster;
let client: AsyncDiffClient;
let job: DenoiseOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'asyncdiff-jobs-'));
  cluster = await TestCluster.start({ workers: 1 });
  client = new AsyncDiffClient(cluster.coordinator.address);
  const modelSha256 = await client.uploadModel(writeModel(smallPredictor(), folder));
  job = { modelSha256, schedulerConfig: SMALL_SCHEDULER, inputs: smallInputs(), numInferenceSteps: 8 };
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As many steps as there are: it ends only if it is told to. */
const endless = (): DenoiseOptions => ({ ...job, numInferenceSteps: 990, sendSteps: true });

async function idle(): Promise<void> {
  await eventually(async () => (await client.status()).runningJobs === 0, 'the coordinator is free');
}

it('a job has an id that nobody can guess, at once and in every event', async () => {
  const first = client.denoise(job);
  const second = client.denoise(job);
  expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second.id).not.toBe(first.id);
  const ids = new Set<string>();
  for await (const { jobId } of first) ids.add(jobId);
  expect([...ids]).toEqual([first.id]);
  expect((await second.result()).jobId).toBe(second.id);
});

it('attaches to a job by its id: first where it stands, then what happens, then the same result', async () => {
  const own = client.denoise({ ...job, numInferenceSteps: 200 });
  await using other = new AsyncDiffClient(cluster.coordinator.address);
  for await (const event of own) {
    if (event.type !== 'progress') continue;
    const types: JobEvent['type'][] = [];
    const attached = other.attach(own.id);
    for await (const seen of attached) types.push(seen.type);
    expect(types.slice(0, 2)).toEqual(['queued', 'planned']);
    expect(types.at(-1)).toBe('done');
    expect((await attached.result()).latents).toEqual((await own.result()).latents);
    break;
  }
  // Long over, and asked once more.
  expect((await other.attach(own.id).result()).latents).toEqual((await own.result()).latents);
});

it('leaving a job that was attached to does not cancel it, cancel() does', async () => {
  await using own = client.denoise(endless());
  const attached = client.attach(own.id);
  for await (const event of attached) if (event.type === 'step') break;
  await expect(attached.result()).rejects.toMatchObject({ code: 'cancelled' });
  expect((await client.status()).runningJobs).toBe(1);
  expect(await client.attach(own.id).cancel()).toBe(true);
  await expect(own.result()).rejects.toMatchObject({ code: 'cancelled' });
  await expect(client.attach(own.id).result()).rejects.toMatchObject({ code: 'cancelled' });
  expect(await own.cancel()).toBe(false);
});

it('a detached job outlives its client', async () => {
  const away = new AsyncDiffClient(cluster.coordinator.address);
  const own = away.denoise({ ...job, numInferenceSteps: 200, sendSteps: true, detached: true });
  const reading = (async () => {
    for await (const event of own) if (event.type === 'step' && event.step === 3) away.close();
  })();
  await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  expect((await client.attach(own.id).result()).report.steps).toBe(200);
});

it('a job that nobody reads is cancelled with its block', async () => {
  {
    await using own = client.denoise(endless());
    await eventually(async () => (await client.status()).runningJobs === 1, `job ${own.id} runs`);
  }
  await idle();
});

it('refuses ids that are no UUIDs, are taken, or are not known', async () => {
  await expect(client.attach('nobody').result()).rejects.toMatchObject({ code: 'job_not_found' });
  const raw = openCoordinatorChannel(cluster.coordinator.address);
  const submit = async (jobId: string): Promise<void> => {
    for await (const _ of messages(raw.denoise({ jobId, numInferenceSteps: 8 })));
  };
  await expect(submit('job-1')).rejects.toMatchObject({ code: 'invalid_settings' });
  const { jobId } = await client.denoise(job).result();
  await expect(submit(jobId)).rejects.toMatchObject({ code: 'invalid_settings' });
  raw.close();
});
