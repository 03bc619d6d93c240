import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node';
import { SAME_BITS_CONFIG } from '../../execution/index.js';
import type { SegmentArtifact } from '../../planner/model/index.js';

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

/** Runs segments in order, each fed with the inputs and with what the ones before it gave; returns all values. */
export async function runSegments(
  artifacts: readonly SegmentArtifact[],
  feeds: Record<string, OrtTensor>,
  level: Level,
): Promise<Record<string, OrtTensor>> {
  const values = { ...feeds };
  for (const artifact of artifacts)
    Object.assign(values, await runModel(artifact.path, values, level, SAME_BITS_CONFIG));
  return values;
}

/** The bits of a tensor, for a comparison that no rounding hides in. */
export function bits(tensor: OrtTensor | undefined): Buffer {
  const data = tensor?.data as Float32Array;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
