import * as ort from 'onnxruntime-node';
import {
  arrayOf,
  type DType,
  decodeFloat16,
  encodeFloat16,
  elementCount,
  type Tensor,
} from '../../common/tensor/index.js';
import { fromOrtData, ortTensor, tensorDigest } from '../../execution/index.js';
import type { RealRunInputs, RealRunRequest } from './request.js';

export interface PlainRunResult {
  /** SHA-256 of the final latents, and of those after each call of the model. */
  readonly latentsSha256: string;
  readonly callsSha256: readonly string[];
  readonly openSeconds: number;
  readonly secondsPerCall: number;
}

/**
 * The predictor's file in a session of ONNX Runtime that knows nothing of this product, and the sampler beside it: the answer that the workers must equal.
 * @param timestepDims what the plan took the timestep's shape to be
 */
export async function plainRun(
  { modelPath, predictor, sampler, inputs }: RealRunInputs,
  { guidanceScale, threads }: RealRunRequest,
  timestepDims: readonly number[],
): Promise<PlainRunResult> {
  const openMs = performance.now();
  const session = await ort.InferenceSession.create(modelPath, {
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const openSeconds = (performance.now() - openMs) / 1000;
  const repeat = guidanceScale > 1 ? 2 : 1;
  const { sample: first, ...conditioning } = inputs;
  if (first === undefined) throw new Error('the latents are missing');
  const fixed = predictor.conditioning.map(({ name, dtype }): [string, ort.Tensor] => [
    name,
    feed(dtype, conditioning[name] as Tensor),
  ]);
  const dims = [(first.dims[0] ?? 1) * repeat, ...first.dims.slice(1)];
  let latents = first.data as Float32Array;
  const callsSha256: string[] = [];
  const startMs = performance.now();
  for (const [call, time] of sampler.timesteps.entries()) {
    const scaled = sampler.scaleModelInput(latents, call);
    const sample = new Float32Array(scaled.length * repeat);
    for (let copy = 0; copy < repeat; copy++) sample.set(scaled, copy * scaled.length);
    const results = await session.run({
      ...Object.fromEntries(fixed),
      [predictor.sample.name]: feed(predictor.sample.dtype, { dtype: 'float32', dims, data: sample }),
      [predictor.timestep.name]: timestepFeed(predictor.timestep.dtype, time, timestepDims),
    });
    const output = results[predictor.output.name];
    if (output === undefined) throw new Error(`no ${predictor.output.name}`);
    latents = sampler.step(guided(widened(output), guidanceScale), call, latents, first.dims);
    callsSha256.push(tensorDigest({ data: latents }));
  }
  const secondsPerCall = (performance.now() - startMs) / 1000 / sampler.numCalls;
  await session.release();
  return { latentsSha256: tensorDigest({ data: latents }), callsSha256, openSeconds, secondsPerCall };
}

/** u + g (c - u), each operation rounded to float32, as torch does. */
function guided(both: Float32Array, scale: number): Float32Array {
  if (scale <= 1) return both;
  const half = both.length / 2;
  return Float32Array.from({ length: half }, (_, at) => {
    const [u, c] = [both[at] as number, both[at + half] as number];
    return u + Math.fround(Math.fround(scale) * Math.fround(c - u));
  });
}

function feed(dtype: DType, { data, dims }: Tensor): ort.Tensor {
  const own = dtype === 'float16' ? encodeFloat16(data as Float32Array) : data;
  return ortTensor(ort.Tensor, { dtype, dims, data: own });
}

function timestepFeed(dtype: DType, time: number, dims: readonly number[]): ort.Tensor {
  const values = new Float32Array(elementCount(dims)).fill(time);
  if (dtype === 'float16' || dtype === 'float32')
    return feed(dtype, { dtype: 'float32', dims, data: values });
  const data = new (arrayOf(dtype))(values.length);
  data.fill((data instanceof BigInt64Array ? BigInt(Math.trunc(time)) : time) as never);
  return new ort.Tensor(dtype as 'float32', data as Float32Array, dims);
}

function widened(output: ort.Tensor): Float32Array {
  const data = fromOrtData(output.data as Float32Array);
  return output.type === 'float16' ? decodeFloat16(data as Uint16Array) : (data as Float32Array);
}
