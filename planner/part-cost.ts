import { join } from 'node:path';
import type { ValueSpec } from '../common/tensor/index.js';
import { type PartMemory, partMemory } from './memory.js';
import { describeInputs, type InputShapes, prepareModel, speedOf } from './model/index.js';
import { partitionGraph } from './search/index.js';

/** What one run of a whole model takes, estimated from its graph. */
export interface PartCost {
  readonly costMs: number;
  readonly memory: PartMemory;
  /** What it gives, at static shapes. */
  readonly outputs: readonly ValueSpec[];
}

/**
 * Costs a text encoder or a half of a VAE as a predictor is costed: from operations and bytes, without reading a weight.
 *
 * @param given Shapes by name; those of inputs that the file does not have are left aside, as they are when it runs
 * @throws AsyncDiffError as `prepareModel` does
 */
export async function partCost(
  modelPath: string,
  given: InputShapes,
  { workDir, device = 'cpu', threads = 1 }: { workDir: string; device?: string; threads?: number },
): Promise<PartCost> {
  const inputs = describeInputs(modelPath).inputs.map(({ name }) => name);
  const inputShapes = Object.fromEntries(Object.entries(given).filter(([name]) => inputs.includes(name)));
  const { graph, folded } = await prepareModel({
    modelPath,
    inputShapes,
    singlePass: { inputs, states: [] },
    workDir: join(workDir, 'prepared'),
    device: speedOf(device, threads),
  });
  const whole = partitionGraph(graph, { components: 1 });
  const [memory] = partMemory(graph, whole, device, true);
  const outputs = folded.skeleton.outputs.flatMap((name) => {
    const value = folded.values.get(name);
    return value === undefined ? [] : [{ name, dtype: value.dtype, dims: value.dims }];
  });
  return { costMs: whole.components[0]?.costMs ?? 0, memory: memory as PartMemory, outputs };
}
