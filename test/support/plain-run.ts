import * as ort from 'onnxruntime-node';
import type { Tensor } from '../../common/tensor/index.js';
import { createSampler, parseSchedulerConfig } from '../../samplers/index.js';
import type { DenoiseSubject, RunResult } from './denoise-settings.js';

/**
 * The untouched small predictor in ONNX Runtime, step by step.
 * @param options.microBatches runs of the model that share a step's batch
 */
export async function plainRun(
  { modelPath, inputs, schedulerConfig }: DenoiseSubject,
  steps: number,
  { guidanceScale = 1, microBatches = 1 } = {},
): Promise<RunResult> {
  const session = await ort.InferenceSession.create(modelPath, {
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: 1,
  });
  const sampler = createSampler(parseSchedulerConfig(schedulerConfig), steps);
  const repeat = guidanceScale > 1 ? 2 : 1;
  const context = inputs['encoder_hidden_states'] as Tensor;
  const first = inputs['sample'] as Tensor;
  const rows = ((first.dims[0] ?? 1) * repeat) / microBatches;
  let latents = first.data as Float32Array;
  const eps: Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const scaled = sampler.scaleModelInput(latents, step);
    const sample = new Float32Array(scaled.length * repeat);
    for (let copy = 0; copy < repeat; copy++) sample.set(scaled, copy * scaled.length);
    const raw = new Float32Array(sample.length);
    for (let part = 0; part < microBatches; part++) {
      const share = (data: Float32Array): Float32Array => {
        const length = data.length / microBatches;
        return data.slice(part * length, (part + 1) * length);
      };
      const { out_sample: output } = await session.run({
        sample: new ort.Tensor('float32', share(sample), [rows, ...first.dims.slice(1)]),
        timestep: new ort.Tensor('int64', BigInt64Array.of(BigInt(sampler.timesteps[step] as number)), [1]),
        encoder_hidden_states: new ort.Tensor('float32', share(context.data as Float32Array), [
          rows,
          ...context.dims.slice(1),
        ]),
      });
      raw.set(output?.data as Float32Array, (part * raw.length) / microBatches);
    }
    const guided = raw.slice(0, scaled.length);
    if (repeat === 2) {
      for (let at = 0; at < guided.length; at++) {
        const [u, c] = [raw[at] as number, raw[at + guided.length] as number];
        guided[at] = u + Math.fround(Math.fround(guidanceScale) * Math.fround(c - u));
      }
    }
    eps.push({ dtype: 'float32', dims: first.dims, data: guided });
    latents = sampler.step(guided, step, latents);
  }
  await session.release();
  return { latents: { dtype: 'float32', dims: first.dims, data: latents }, eps, planId: '' };
}
