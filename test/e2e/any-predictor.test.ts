import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceRun } from '../../cli/reference-run.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { createSampler, SeededNoise } from '../../samplers/index.js';
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

it('several latents with a prediction each are refused, by their names', async () => {
  const modelSha256 = await cluster.client.uploadModel(write(jointPredictor(), 'joint'));
  const { scheduler, inputs } = anyPredictors()[0] as AnyPredictor;
  const request = { modelSha256, schedulerConfig: JSON.stringify(scheduler), numInferenceSteps: 2 };
  const video = inputs['sample'] as Tensor;
  await expect(
    denoiseOn(cluster.client, { ...request, inputs: { video, audio: video } }),
  ).rejects.toMatchObject({
    code: 'model_unsupported',
    message: expect.stringContaining('several latents (video, audio)') as unknown,
  });
});
