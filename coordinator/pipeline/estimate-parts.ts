import { hostMemoryBytes } from '../../common/host-memory.js';
import { float32, type Tensor, zeros } from '../../common/tensor/index.js';
import { type PartCost, partCost } from '../../planner/index.js';
import type { PartRequest, PartRunner } from './part-runner.js';
import type { BegunCall, Pipeline } from './pipeline.js';

/** What a part of a pipeline takes, estimated from its graph. */
export interface PartEstimate {
  /** `text_encoder`, `vae_decoder`, ... */
  readonly part: string;
  /** Runs of it in the call. */
  readonly runs: number;
  /** Of all its runs, on one core of a CPU, milliseconds. */
  readonly costMs: number;
  readonly weightBytes: number;
  /** Of the run that takes most. */
  readonly memoryBytes: number;
  /** It stands behind the predictor: it runs while the workers hold its components. */
  readonly isAfter: boolean;
}

/**
 * Runs a call with a stand-in for its parts that computes nothing, says what shapes each gives, and notes what each would take.
 *
 * @param begin begins the call with this runner
 */
export async function estimateParts(
  { folder }: Pipeline,
  workDir: string,
  begin: (runner: PartRunner) => Promise<BegunCall>,
): Promise<PartEstimate[]> {
  const costs = new Map<string, Promise<PartCost>>();
  const estimates = new Map<string, PartEstimate>();
  const costOf = ({ part, inputs }: PartRequest): Promise<PartCost> => {
    const dims = Object.entries(inputs).map(([name, tensor]) => [name, tensor.dims] as const);
    const key = JSON.stringify([part, dims]);
    const known =
      costs.get(key) ?? partCost(folder.parts[part]?.path ?? '', Object.fromEntries(dims), { workDir });
    costs.set(key, known);
    return known;
  };
  let isAfter = false;
  const begun = await begin({
    memoryBytes: hostMemoryBytes(),
    run: async (request) => {
      const { costMs, memory, outputs } = await costOf(request);
      const before = estimates.get(request.part);
      estimates.set(request.part, {
        part: request.part,
        runs: (before?.runs ?? 0) + 1,
        costMs: (before?.costMs ?? 0) + costMs,
        weightBytes: memory.weights,
        memoryBytes: Math.max(before?.memoryBytes ?? 0, memory.total),
        isAfter: before?.isAfter ?? isAfter,
      });
      // A session takes and gives float32 where its file is float16.
      return Object.fromEntries(
        outputs.map(({ name, dtype, dims }): [string, Tensor] => [
          name,
          zeros(dtype === 'float16' ? 'float32' : dtype, dims),
        ]),
      );
    },
  });
  const { dims } = begun.job.latents;
  isAfter = true;
  await begun.finish(float32(new Float32Array(dims.reduce((count, dim) => count * dim, 1)), dims));
  return [...estimates.values()];
}
