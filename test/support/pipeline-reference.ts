import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { decodeModel, encodeModel } from '../../common/model-file/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import { castTensor } from '../../coordinator/pipeline/cast-tensor.js';
import type { BegunCall, Pipeline } from '../../coordinator/pipeline/index.js';
import { scalarTensor } from '../../execution/timestep.js';
import { applyGuidance } from '../../execution/float-ops.js';
import { adaptPredictor, describePredictor } from '../../planner/model/index.js';

export interface PlainRun {
  /** Before each call of the predictor, and at the end. */
  readonly latents: readonly Tensor[];
  /** Guided, of each call. */
  readonly eps: readonly Tensor[];
}

/** A call that has begun, through the adapted predictor in ONNX Runtime, call by call: no plan, no program. */
export async function runPlainly(
  pipeline: Pipeline,
  { job, microBatches }: BegunCall,
  folder: string,
): Promise<PlainRun> {
  const model = decodeModel(readFileSync(pipeline.predictorPath), 'the predictor');
  adaptPredictor(model, job.adaptation);
  const { sample, timestep, output, inputs } = describePredictor(model);
  const path = join(folder, 'adapted.onnx');
  writeFileSync(path, encodeModel(model));
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
  const { sampler, latents: first } = job;
  const repeat = job.guidance === undefined ? 1 : 2;
  const batch = (first.dims[0] ?? 1) * repeat;
  const rows = batch / microBatches;
  const part = ({ dtype, dims, data }: Tensor, at: number): Tensor => {
    if (dims[0] !== batch || microBatches === 1) return { dtype, dims, data };
    const length = data.length / microBatches;
    return { dtype, dims: [rows, ...dims.slice(1)], data: data.slice(at * length, (at + 1) * length) };
  };
  const latents: Tensor[] = [first];
  const eps: Tensor[] = [];
  for (let call = 0; call < sampler.numCalls; call += 1) {
    const now = latents.at(-1) as Tensor;
    const scaled = sampler.scaleModelInput(now.data as Float32Array, call);
    const whole = new Float32Array(scaled.length * repeat);
    for (let copy = 0; copy < repeat; copy += 1) whole.set(scaled, copy * scaled.length);
    const fed = (job.timesteps ?? sampler.timesteps)[call] as number;
    const given: Record<string, Tensor> = {
      ...job.conditioning,
      [sample.name]: float32(whole, [batch, ...first.dims.slice(1)]),
    };
    const raws: Float32Array[] = [];
    for (let at = 0; at < microBatches; at += 1) {
      const feeds = inputs.map((input) => {
        const dims = input.dims.map((dim) => (typeof dim === 'number' ? dim : rows));
        const tensor =
          input === timestep
            ? scalarTensor(
                { name: input.name, dtype: input.dtype, dims: dims.map((dim) => (dim === 0 ? 1 : dim)) },
                fed,
              )
            : castTensor(part(given[input.name] as Tensor, at), input.dtype);
        return [
          input.name,
          new ort.Tensor(tensor.dtype as 'float32', tensor.data as Float32Array, tensor.dims),
        ] as const;
      });
      const results = await session.run(Object.fromEntries(feeds), [output.name]);
      raws.push(results[output.name]?.data as Float32Array);
    }
    const raw = float32(Float32Array.from(raws.flatMap((one) => [...one])), [batch, ...first.dims.slice(1)]);
    const guided = job.guidance === undefined ? raw : applyGuidance(raw, job.guidance.scale);
    eps.push(guided);
    latents.push(
      float32(
        sampler.step(guided.data as Float32Array, call, now.data as Float32Array, first.dims),
        first.dims,
      ),
    );
  }
  await session.release();
  return { latents, eps };
}
