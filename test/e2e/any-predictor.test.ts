import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceRun } from '../../cli/reference-run.js';
import { TorchGenerator } from '../../common/random/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { createSampler, GivenNoise, SeededNoise } from '../../samplers/index.js';
import { type AnyPredictor, anyPredictors, jointPredictor } from '../support/any-predictors.js';
import { expectSameBits } from '../support/bits.js';
import { denoiseOn, TestCluster } from '../support/cluster.js';
import { writeModel } from '../support/onnx-builder.js';

let cluster: TestCluster;
const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-any-'));
beforeAll(async () => {
  cluster = await TestCluster.start({ workers: 3 });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function write(model: AnyPredictor['model'], name: string): string {
  const own = join(folder, name);
  mkdirSync(own);
  return writeModel(model, own);
}

const noiseOf = (seed: number, dims: readonly number[]): Tensor => new TorchGenerator(seed).randn([...dims]);

const samplerOf = ({ scheduler, steps }: AnyPredictor) =>
  createSampler(scheduler as never, steps, { noise: new SeededNoise({ seed: 0n, drawnBefore: [] }) });

/** The model as it is, step after step. */
async function plainly(modelPath: string, predictor: AnyPredictor): Promise<Tensor> {
  const { model, inputs, steps, timestepScale = 1 } = predictor;
  const [latentInput = ''] = (model.graph?.input ?? []).map(({ name = '' }) => name);
  const first = inputs[latentInput] as Tensor;
  const toOrt = (data: Float32Array, dims: readonly number[]) => new ort.Tensor('float32', data, [...dims]);
  const session = await ort.InferenceSession.create(modelPath, {
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: 1,
  });
  const sampler = samplerOf(predictor);
  let latents = first.data as Float32Array;
  for (let step = 0; step < steps; step++) {
    const others = Object.entries(inputs).map(([name, { data, dims }]) => [
      name,
      toOrt(data as Float32Array, dims),
    ]);
    const feeds = {
      ...(Object.fromEntries(others) as Record<string, ort.Tensor>),
      [latentInput]: toOrt(sampler.scaleModelInput(latents, step), first.dims),
      timestep: toOrt(Float32Array.of((sampler.timesteps[step] as number) * timestepScale), []),
    };
    const [output = ''] = session.outputNames;
    const prediction = (await session.run(feeds))[output]?.data as Float32Array;
    latents = sampler.step(prediction, step, latents);
  }
  await session.release();
  return float32(latents, first.dims);
}

describe.each(anyPredictors().map((predictor, at) => ({ ...predictor, at })))(
  '$kind',
  ({ at, ...predictor }) => {
    const { inputs, scheduler, steps, timestepScale, cuts } = predictor;
    let modelPath: string;
    let modelSha256: string;
    beforeAll(async () => {
      modelPath = write(predictor.model, String(at));
      modelSha256 = await cluster.client.uploadModel(modelPath);
    });

    it.each([1, 2])(
      'cut at %d values: distributed equals the reference bit for bit',
      async (count) => {
        for (const warmUp of [1, steps]) {
          const plan = { cuts: cuts.slice(0, count), warmUp, end: 0 };
          const { done } = await denoiseOn(cluster.client, {
            modelSha256,
            schedulerConfig: JSON.stringify(scheduler),
            inputs,
            numInferenceSteps: steps,
            timestepScale,
            plan,
          });
          expect(done.report.settings.components).toBe(count + 1);
          const reference = await referenceRun({
            modelPath,
            inputs,
            sampler: samplerOf(predictor),
            guidanceScale: 1,
            timestepScale,
            settings: resolvePlanSettings({ ...plan, components: count + 1 }, { numInferenceSteps: steps }),
            device: 'cpu',
            threads: 1,
            workDir: join(cluster.cacheDir, 'plans'),
            signal: new AbortController().signal,
            onStep: () => undefined,
          });
          expectSameBits(done.latents, reference.result.latents, `cut in ${count + 1}, ${warmUp} in order`);
          if (warmUp === steps)
            expectSameBits(
              done.latents,
              await plainly(modelPath, predictor),
              'in order, against the file itself',
            );
        }
      },
      60_000,
    );
  },
);

describe('joint sound and video, two latents with a prediction each', () => {
  const cuts = ['video_1', 'video_2'];
  const dims = { video: [1, 4, 2, 4, 4], audio: [1, 4, 16] } as const;
  const steps = 6;

  /** Each with a sampler of its own; noise is drawn for the video first, at the beginning and in every step. */
  async function separately(modelPath: string, config: object): Promise<Record<string, Tensor>> {
    const session = await ort.InferenceSession.create(modelPath, {
      graphOptimizationLevel: 'extended',
      intraOpNumThreads: 1,
    });
    const names = ['video', 'audio'] as const;
    const generator = new TorchGenerator(5);
    const initial = names.map((name) => generator.randn([...dims[name]]).data as Float32Array);
    const draws: Float32Array[][] = [[], []];
    for (let step = 0; step < steps; step++)
      for (const at of [0, 1])
        draws[at]?.push(generator.randn([(initial[at] as Float32Array).length]).data as Float32Array);
    const samplers = draws.map((own) =>
      createSampler(config as never, steps, { noise: new GivenNoise(own) }),
    );
    let latents = initial;
    for (let step = 0; step < steps; step++) {
      const time = new ort.Tensor('float32', Float32Array.of(samplers[0]?.timesteps[step] as number), []);
      const tensor = (at: number): ort.Tensor =>
        new ort.Tensor('float32', latents[at] as Float32Array, [...dims[names[at] as 'video']]);
      const made = await session.run({
        video: tensor(0),
        audio: tensor(1),
        timestep: time,
        audio_timestep: time,
      });
      latents = latents.map((own, at) =>
        (samplers[at] as (typeof samplers)[0]).step(
          made[`${names[at]}_noise`]?.data as Float32Array,
          step,
          own,
          dims[names[at] as 'video'],
        ),
      );
    }
    await session.release();
    return Object.fromEntries(
      names.map((name, at) => [name, float32(latents[at] as Float32Array, dims[name])]),
    );
  }

  it('latents that do not fit the model, or each other, are refused before anything is planned', async () => {
    const modelSha256 = await cluster.client.uploadModel(write(jointPredictor(), 'joint-refused'));
    const { scheduler } = anyPredictors()[0] as AnyPredictor;
    const wrong: [Record<string, Tensor>, string][] = [
      [{ video: noiseOf(1, [1, 4, 2, 4, 5]) }, 'input video: expected float32[1,4,2,4,4], given [1,4,2,4,5]'],
      [{ audio: noiseOf(1, [1, 4]) }, 'input audio: expected float32[1,4,16], given [1,4]'],
      [{ audio: noiseOf(1, [1, 3, 16]) }, 'input audio: expected float32[1,4,16], given [1,3,16]'],
      [
        { video: noiseOf(1, [1, 4, 2, 4, 4]), audio: noiseOf(1, [2, 4, 16]) },
        'the latents audio are float32 [2,4,16]: all latents are float32, of one batch (here 1)',
      ],
    ];
    for (const [inputs, message] of wrong)
      await expect(
        denoiseOn(cluster.client, {
          modelSha256,
          schedulerConfig: JSON.stringify(scheduler),
          inputs,
          numInferenceSteps: steps,
        }),
      ).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining(message) as unknown,
      });
  });

  it('each has its sampler, its noise and its prediction; distributed equals the reference bit for bit', async () => {
    const modelPath = write(jointPredictor(), 'joint');
    const modelSha256 = await cluster.client.uploadModel(modelPath);
    const config = { ...(anyPredictors()[0] as AnyPredictor).scheduler, prediction_type: 'epsilon' };
    const ancestral = { ...config, _class_name: 'DDPMScheduler', variance_type: 'fixed_small' };
    const pair = { video: noiseOf(8, [2, 4, 2, 4, 4]), audio: noiseOf(9, [2, 4, 16]) };
    for (const [components, warmUp, scheduler, inputs] of [
      [2, steps, ancestral, {}],
      [3, 1, config, pair],
    ] as const) {
      const plan = { cuts: cuts.slice(0, components - 1), warmUp, end: 0, tolerance: 'off' as const };
      const { done } = await denoiseOn(cluster.client, {
        modelSha256,
        schedulerConfig: JSON.stringify(scheduler),
        inputs,
        seed: 5,
        numInferenceSteps: steps,
        plan,
      });
      expect(Object.keys(done.jointLatents)).toEqual(['video', 'audio']);
      const reference = await referenceRun({
        modelPath,
        inputs,
        seed: 5n,
        sampler: createSampler(scheduler as never, steps, {
          noise: new SeededNoise({ seed: 5n, drawnBefore: [] }),
        }),
        guidanceScale: 1,
        settings: resolvePlanSettings({ ...plan, components }, { numInferenceSteps: steps }),
        device: 'cpu',
        threads: 1,
        workDir: join(cluster.cacheDir, 'plans'),
        signal: new AbortController().signal,
        onStep: () => undefined,
      });
      const apart = warmUp === steps ? await separately(modelPath, scheduler) : undefined;
      for (const [name, latents] of Object.entries(done.jointLatents)) {
        expectSameBits(latents, reference.jointLatents[name] as Tensor, `${name} in ${components}`);
        if (apart !== undefined) expectSameBits(latents, apart[name] as Tensor, `${name}, on its own`);
      }
    }
  }, 60_000);
});
