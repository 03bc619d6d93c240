import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import {
  encodeModel,
  type ModelProto,
  readRange,
  tensorRange,
  visitTensors,
} from '../../common/model-file/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { castTensor } from '../../execution/index.js';
import type { BegunCall, CompleteJob } from '../../coordinator/pipeline/index.js';
import { applyGuidance } from '../../execution/apply-guidance.js';
import { scalarTensor } from '../../execution/timestep.js';
import { describePredictor, loadAdapted } from '../../planner/model/index.js';

/** The adapted predictor of a call in ONNX Runtime: no plan, no program. */
export interface OpenPredictor {
  /** The raw prediction of both halves, from latents [halves * images, ...] as they are fed. */
  run(sample: Tensor, timestep: number): Promise<Tensor>;
  close(): Promise<void>;
}

export async function openPredictor(
  { job, adaptation, microBatches, predictorPath }: CompleteJob,
  folder: string,
): Promise<OpenPredictor> {
  const { model, folder: modelFolder } = loadAdapted(predictorPath, adaptation);
  const { sample, timestep, output, inputs } = describePredictor(model);
  const path = join(folder, 'adapted.onnx');
  inlineWeights(model, modelFolder);
  writeFileSync(path, encodeModel(model));
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  const run = async (given: Tensor, fed: number): Promise<Tensor> => {
    const batch = given.dims[0] ?? 1;
    const rows = batch / microBatches;
    const part = ({ dtype, dims, data }: Tensor, at: number): Tensor => {
      if (dims[0] !== batch || microBatches === 1) return { dtype, dims, data };
      const length = data.length / microBatches;
      return { dtype, dims: [rows, ...dims.slice(1)], data: data.slice(at * length, (at + 1) * length) };
    };
    const values: Record<string, Tensor> = { ...job.conditioning, [sample.name]: given };
    const raws: Float32Array[] = [];
    for (let at = 0; at < microBatches; at += 1) {
      const feeds = inputs.map(({ name, dtype, dims: declared }) => {
        const dims = declared.map((dim) => (typeof dim === 'number' ? dim : rows));
        const { data, dims: own } =
          name === timestep.name
            ? scalarTensor({ name, dtype, dims }, fed)
            : castTensor(part(values[name] as Tensor, at), dtype);
        return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, own)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds), [output.name]);
      raws.push(results[output.name]?.data as Float32Array);
    }
    return float32(Float32Array.from(raws.flatMap((one) => [...one])), [batch, ...given.dims.slice(1)]);
  };
  return { run, close: async () => await session.release() };
}

export interface PlainRun {
  /** Before each call of the predictor, and at the end. */
  readonly latents: readonly Tensor[];
  /** Guided, of each call. */
  readonly eps: readonly Tensor[];
}

/** A call that has begun, call by call of the predictor, or of the predictors one after another. */
export async function runPlainly(begun: BegunCall, folder: string): Promise<PlainRun> {
  const latents: Tensor[] = [begun.job.latents];
  const eps: Tensor[] = [];
  let { sampler: before } = begun.job;
  for (const stage of [begun, ...begun.next]) {
    const { job } = stage;
    const { sampler } = job;
    if (stage !== begun) sampler.resume(0, before.history());
    const predictor = await openPredictor(stage, folder);
    const repeat = job.guidance === undefined ? 1 : 2;
    for (let call = 0; call < sampler.numCalls; call += 1) {
      const now = latents.at(-1) as Tensor;
      const scaled = sampler.scaleModelInput(now.data as Float32Array, call);
      const whole = new Float32Array(scaled.length * repeat);
      for (let copy = 0; copy < repeat; copy += 1) whole.set(scaled, copy * scaled.length);
      const dims = [(now.dims[0] ?? 1) * repeat, ...now.dims.slice(1)];
      const raw = await predictor.run(float32(whole, dims), job.timesteps[call] as number);
      const guided = job.guidance === undefined ? raw : applyGuidance(raw, job.guidance);
      eps.push(guided);
      const next = sampler.step(guided.data as Float32Array, call, now.data as Float32Array, now.dims);
      latents.push(float32(next, now.dims));
    }
    await predictor.close();
    before = sampler;
  }
  return { latents, eps };
}

/** Weights that lie in files, into the model itself. */
export function inlineWeights({ graph }: ModelProto, folder: string): void {
  if (!graph) return;
  visitTensors(graph, (tensor) => {
    const range = tensorRange(tensor, folder);
    if (range === undefined) return;
    tensor.raw_data = readRange(range);
    tensor.data_location = 0;
    tensor.external_data = [];
  });
}
