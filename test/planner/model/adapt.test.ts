import * as ort from 'onnxruntime-node';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeModel, encodeModel } from '../../../common/model-file/index.js';
import { adaptPredictor, type PredictorAdaptation } from '../../../planner/model/index.js';
import { writeModel } from '../../support/onnx-builder.js';
import { smallInputs, smallPredictor } from '../../support/small-predictor.js';

const folder = mkdtempSync(join(tmpdir(), 'asyncdiff-adapt-'));
const path = writeModel(smallPredictor(), folder);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Values = Readonly<Record<string, ort.Tensor>>;

async function run(feeds: Values, adaptation?: PredictorAdaptation, from = path): Promise<number[]> {
  const model = decodeModel(readFileSync(from), from);
  adaptPredictor(model, adaptation);
  const session = await ort.InferenceSession.create(Buffer.from(encodeModel(model)));
  const results = await session.run(feeds);
  await session.release();
  const [prediction] = Object.values(results) as [ort.Tensor];
  return [...(prediction.data as Float32Array)];
}

const inputs = smallInputs(false);
const feeds: Values = {
  ...Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, dims, data }]) => [
      name,
      new ort.Tensor(dtype as 'float32', data as Float32Array, dims),
    ]),
  ),
  timestep: new ort.Tensor('int64', BigInt64Array.of(7n), [1]),
};
const channels = inputs['sample']?.dims[1] ?? 0;

describe('adaptPredictor', () => {
  it('joins the latent input from the latents and further inputs', async () => {
    const sample = feeds['sample'] as ort.Tensor;
    const [, , height = 0, width = 0] = sample.dims;
    const data = sample.data as Float32Array;
    const split = (channels - 1) * height * width;
    const joined = await run(
      {
        ...feeds,
        sample: new ort.Tensor('float32', data.slice(0, split), [1, channels - 1, height, width]),
        mask: new ort.Tensor('float32', data.slice(split), [1, 1, height, width]),
      },
      { latentInput: 'sample', append: [{ name: 'mask', channels: 1 }] },
    );
    expect(joined).toEqual(await run(feeds));
  });

  it('joins along an open axis, whose name then stands for the whole', async () => {
    const model = decodeModel(readFileSync(path), path);
    const open = model.graph?.input?.[0]?.type?.tensor_type?.shape?.dim?.[1];
    if (open === undefined) throw new Error('no latents');
    delete open.dim_value;
    open.dim_param = 'tokens';
    adaptPredictor(model, {
      latentInput: 'sample',
      append: [{ name: 'mask', channels: 1 }],
      keepChannels: 3,
    });
    const dims = (name: string) =>
      model.graph?.input?.find((input) => input.name === name)?.type?.tensor_type?.shape?.dim?.[1];
    expect(dims('sample')).toEqual({});
    expect(dims('mask')).toEqual({ dim_value: 1 });
  });

  it('reads and predicts in the terms of TrigFlow', async () => {
    const s = 0.25;
    const sigmaData = 0.5;
    const root = Math.hypot(s, 1 - s);
    const latents = feeds['sample'] as ort.Tensor;
    const x = (latents.data as Float32Array).map((value) => (value / sigmaData) * root);
    const model = smallPredictor();
    const float = model.graph?.input?.find(({ name }) => name === 'timestep')?.type?.tensor_type;
    if (!float) throw new Error('no timestep');
    float.elem_type = 1;
    const floatPath = writeModel(model, mkdtempSync(join(folder, 'float-')));
    const timestep = new ort.Tensor('float32', Float32Array.of(s), [1]);
    const read = new ort.Tensor('float32', x, latents.dims);
    const flow = await run({ ...feeds, timestep, sample: read }, undefined, floatPath);
    const trigFlow = { latents: 'sample', sigmaData };
    const predicted = await run({ ...feeds, timestep }, { trigFlow }, floatPath);
    expect(predicted).toHaveLength(flow.length);
    predicted.forEach((value, i) =>
      expect(value).toBeCloseTo(
        (((1 - 2 * s) * (x[i] as number) + (1 - 2 * s + 2 * s * s) * (flow[i] as number)) / root) * sigmaData,
        5,
      ),
    );
    expect(() => adaptPredictor(smallPredictor(), { trigFlow: { ...trigFlow, latents: 'none' } })).toThrow(
      /no inputs none and timestep/,
    );
  });

  it('turns the sign of the prediction, and keeps its first channels', async () => {
    const plain = await run(feeds);
    expect(await run(feeds, { negate: true })).toEqual(plain.map((value) => -value));
    const kept = await run(feeds, { keepChannels: 1 });
    expect(kept).toEqual(plain.slice(0, plain.length / channels));
  });

  it('gives one timestep to all tokens', async () => {
    const spread = (dims: readonly number[]): PredictorAdaptation => ({
      spreadTimestep: { name: 'timestep', dims },
    });
    expect(await run(feeds, spread([1]))).toEqual(await run(feeds));
    const model = decodeModel(readFileSync(path), path);
    expect(() => adaptPredictor(model, spread([1, 6]))).toThrow(/no input timestep of rank 2/);
  });

  it('refuses more channels than the latent input has', () => {
    const model = decodeModel(readFileSync(path), path);
    const append = [{ name: 'mask', channels: channels + 1 }];
    expect(() => adaptPredictor(model, { latentInput: 'sample', append })).toThrow(/model_unsupported/);
  });
});

it('leaves a model without adaptation as it is', () => {
  const model = decodeModel(readFileSync(path), path);
  adaptPredictor(model, undefined);
  expect(encodeModel(model)).toEqual(encodeModel(decodeModel(readFileSync(path), path)));
});
