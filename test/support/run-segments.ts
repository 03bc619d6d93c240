import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { ContentIndex } from '../../common/model-file/index.js';
import type { DType, Tensor, TypedArray } from '../../common/tensor/index.js';
import { openOrtSession, parseDevice } from '../../execution/index.js';
import {
  exportSegments,
  ModelTensors,
  type PreparedModel,
  type SegmentArtifact,
} from '../../planner/model/index.js';
import type { Partition } from '../../program/index.js';

type Level = 'basic' | 'extended' | 'all';

/** Runs a whole model once on the CPU, one thread, with nothing but ONNX Runtime's own options. */
export async function runModel(
  path: string,
  feeds: Record<string, OrtTensor>,
  level: Level,
  extra: Record<string, unknown> = {},
): Promise<Record<string, OrtTensor>> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: level,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra,
  });
  const given = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as OrtTensor]));
  const result = await session.run(given);
  await session.release();
  return result;
}

/** Cuts a prepared model's segments out, its tensors named by content and left where they are. */
export async function exportAll(
  prepared: PreparedModel,
  partition: Partition,
  folder: string,
): Promise<{ artifacts: SegmentArtifact[]; tensors: ModelTensors }> {
  const index = new ContentIndex(join(folder, 'hashes'));
  const tensors = await ModelTensors.hash(prepared.folded.skeleton, index);
  return { artifacts: exportSegments(prepared, tensors, partition, join(folder, 'segments'), true), tensors };
}

/** Runs segments in order, as a worker opens them, each fed with the inputs and with what the ones before it gave; returns all values. */
export async function runSegments(
  { artifacts, tensors }: Awaited<ReturnType<typeof exportAll>>,
  feeds: Record<string, OrtTensor>,
  optimizationLevel: Level,
): Promise<Record<string, OrtTensor>> {
  const values: Record<string, Tensor> = {};
  for (const [name, { type, dims, data }] of Object.entries(feeds))
    values[name] = { dtype: type as DType, dims, data: data as TypedArray };
  const device = parseDevice('cpu');
  if (device.kind === 'declared') throw new Error('cpu is a real device');
  for (const artifact of artifacts) {
    const session = await openOrtSession(
      { graphPath: artifact.path, tensors: tensors.ranges },
      { device, threads: 1, optimizationLevel },
    );
    const given = artifact.inputs.map(({ name }) => [name, values[name] as Tensor]);
    Object.assign(values, await session.run(Object.fromEntries(given)));
    await session.release();
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, { dtype, dims, data }]) => [
      name,
      new OrtTensor(dtype as 'float32', data as Float32Array, dims),
    ]),
  );
}

/** The bits of a tensor, for a comparison that no rounding hides in. */
export function bits(tensor: OrtTensor | undefined): Buffer {
  const data = tensor?.data as Float32Array;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
