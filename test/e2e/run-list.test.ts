import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../client/index.js';
import { readNpy, writeNpy } from '../../common/npy/index.js';
import { type Tensor, zeros } from '../../common/tensor/index.js';
import { expectSameBits } from '../support/bits.js';
import { TestCluster } from '../support/cluster.js';
import { runHere } from '../support/command-here.js';
import { listModels } from '../support/list-models.js';
import { writeModel } from '../support/onnx-builder.js';
import { expectSame, type Named, plainly } from '../support/plain-list.js';

let cluster: TestCluster;
const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-list-'));
const models = listModels().map((each, at) => {
  const own = join(folder, String(at));
  mkdirSync(own);
  return { ...each, modelPath: writeModel(each.model, own) };
});
beforeAll(async () => {
  cluster = await TestCluster.start({ workers: 3 });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cutIn = [3, 2, 3];

describe.each(models.map((each, at) => ({ ...each, components: cutIn[at] as number })))(
  '$kind',
  ({ modelPath, components, ...model }) => {
    it(`on ${components} workers every item equals the file itself, bit for bit`, async () => {
      const { items, inputs, states, cuts } = model;
      const modelSha256 = await cluster.client.uploadModel(modelPath);
      const plan = { cuts: cuts.slice(0, components - 1) };
      const job = cluster.client.run({ modelSha256, items, inputs, states, plan });
      const told: number[] = [];
      for await (const event of job) if (event.type === 'output') told.push(event.item);
      const done = await job.result();
      const expected = await plainly(modelPath, model);
      expect(done.report.settings.components).toBe(components);
      expect(told.toSorted((a, b) => a - b)).toEqual(items.map((_, at) => at));
      for (const [at, outputs] of expected.outputs.entries())
        expectSame(done.outputs[at] as Named, outputs, `item ${at}`);
      expectSame(done.states, expected.states, 'after the last item');
      const { throughput } = done.report;
      expect(throughput?.itemsPerSecond).toBeGreaterThan(0);
      expect(throughput?.predictedItemsPerSecond).toBeGreaterThanOrEqual(
        throughput?.oneWorkerItemsPerSecond ?? Number.NaN,
      );
    }, 60_000);
  },
);

describe('what a run refuses, before anything is planned', () => {
  const [recogniser, restorer] = models as [(typeof models)[0], (typeof models)[0]];
  const refused = async (options: Partial<RunOptions>, of = recogniser): Promise<unknown> => {
    const modelSha256 = await cluster.client.uploadModel(of.modelPath);
    const { items, inputs, states } = of;
    return cluster.client.run({ modelSha256, items, inputs, states, ...options }).result();
  };
  const { speech, speech_lengths } = recogniser.items[0] as Record<string, Tensor>;
  const without = { speech: speech as Tensor };
  const whole = { ...without, speech_lengths: speech_lengths as Tensor };

  it.each([
    ['no items', { items: [] }, 'invalid_input', 'the list has no items'],
    ['an input that is missing', { items: [without] }, 'invalid_input', 'input speech_lengths is missing'],
    [
      'an unknown input',
      { items: [{ ...whole, other: whole.speech }] },
      'invalid_input',
      'has no input other',
    ],
    ['an item that lacks one', { items: [whole, without] }, 'invalid_input', 'item 1 has speech, item 0 has'],
    [
      'a shape that the graph does not take',
      { items: [whole, { ...whole, speech: zeros('float32', [1, 5, 15]) }] },
      'invalid_input',
      'item 1, input speech: expected float32[1,frames,16], given [1,5,15]',
    ],
    [
      'an unknown state',
      { states: [{ output: 'none', input: 'speech' }] },
      'invalid_input',
      'speech is a state',
    ],
    ['a setting that says nothing', { plan: { stride: 2 } }, 'invalid_settings', 'takes no stride'],
  ] as const)('%s', async (_what, options, code, message) => {
    await expect(refused(options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
    });
  });

  it('states with items of several shapes, and states that do not fit', async () => {
    const { items } = restorer;
    const other = { frame: zeros('float32', [1, 4, 8, 9]) };
    await expect(refused({ items: [items[0] as Named, other] }, restorer)).rejects.toMatchObject({
      code: 'invalid_input',
    });
    const states = [...restorer.states.slice(0, 2), { output: 'restored', input: 'third_buffer' }];
    await expect(refused({ states }, restorer)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('the state third_buffer is [1,2,8,8]') as unknown,
    });
  });
});

it('a detached run is told whole to whoever attaches, with a timeline of every worker', async () => {
  const [, restorer] = models as [(typeof models)[0], (typeof models)[0]];
  const { modelPath, items, inputs, states, cuts } = restorer;
  const modelSha256 = await cluster.client.uploadModel(modelPath);
  const plan = { cuts: cuts.slice(0, 1) };
  const request = { modelSha256, items, inputs, states, plan, trace: true, detached: true };
  const left = cluster.client.run(request);
  for await (const event of left) if (event.type === 'output') break;
  const { outputs, states: last, trace } = await cluster.client.attach(left.id).result();
  const expected = await plainly(modelPath, restorer);
  expect(outputs).toHaveLength(items.length);
  for (const [at, made] of expected.outputs.entries()) expectSame(outputs[at] as Named, made, `item ${at}`);
  expectSame(last, expected.states, 'after the last item');
  const { traceEvents } = JSON.parse(trace) as { traceEvents: { cat: string; pid: number }[] };
  const computed = traceEvents.filter(({ cat }) => cat === 'compute');
  // Each of two components, once for every item.
  expect(computed).toHaveLength(2 * items.length);
  expect(new Set(computed.map(({ pid }) => pid)).size).toBe(2);
}, 60_000);

it('run --reference writes what a run on workers writes', async () => {
  const [, restorer] = models as [(typeof models)[0], (typeof models)[0]];
  const { modelPath, items, inputs, states } = restorer;
  const given: string[] = [];
  for (const [at, tensors] of [inputs, ...items].entries())
    for (const [name, tensor] of Object.entries(tensors)) {
      const path = join(folder, `${at}-${name}.npy`);
      await writeNpy(path, tensor);
      given.push('--input', `${name}=${path}`);
    }
  const carried = states.flatMap(({ output, input }) => ['--state', `${output}=${input}`]);
  const run = async (out: string, ...flags: string[]): Promise<void> => {
    const { code, stderr } = await runHere([
      'run',
      '--model',
      modelPath,
      ...given,
      ...carried,
      '--out',
      join(folder, out),
      ...flags,
    ]);
    expect(code, stderr).toBe(0);
  };
  await run('reference', '--reference', '--cache', folder);
  await run('workers', '--coordinator', cluster.coordinator.address);
  const names = readdirSync(join(folder, 'reference'));
  expect(readdirSync(join(folder, 'workers'))).toEqual(names);
  expect(names.length).toBeGreaterThan(items.length);
  for (const name of names)
    expectSameBits(
      await readNpy(join(folder, 'workers', name)),
      await readNpy(join(folder, 'reference', name)),
      name,
    );
}, 60_000);

it('a job that is cancelled ends, and the next one runs; a lost worker costs no item', async () => {
  const [, restorer] = models as [(typeof models)[0], (typeof models)[0]];
  const { modelPath, items, inputs, states, cuts } = restorer;
  const modelSha256 = await cluster.client.uploadModel(modelPath);
  const request = { modelSha256, inputs, states, plan: { cuts: [...cuts] } };
  const long = Array.from({ length: 600 }, (_, at) => items[at % items.length] as Named);
  const cancelled = cluster.client.run({ ...request, items: long });
  for await (const event of cancelled) {
    if (event.type !== 'output') continue;
    await cancelled.cancel();
    break;
  }
  await expect(cancelled.result()).rejects.toMatchObject({ code: 'cancelled' });

  const few = long.slice(0, 200);
  const job = cluster.client.run({ ...request, items: few });
  const warnings: string[] = [];
  for await (const event of job) {
    if (event.type === 'output' && event.item === 40) cluster.workers[2]?.kill('SIGKILL');
    if (event.type === 'warning') warnings.push(event.message);
  }
  const { outputs, report } = await job.result();
  const expected = await plainly(modelPath, { ...restorer, items: few });
  for (const [at, made] of expected.outputs.entries()) expectSame(outputs[at] as Named, made, `item ${at}`);
  expect(report.restarts).toBeGreaterThan(0);
  expect(warnings.join()).toContain('going on with 2 workers after');
}, 120_000);
