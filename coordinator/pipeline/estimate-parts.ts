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

/** Called for each run of a part, with what it would take. */
type OnPartCost = (part: string, cost: PartCost) => void;

/** Computes nothing: gives zeros of the shapes that each part would give, which its graph says without its weights. */
export function standInRunner({ folder }: Pipeline, workDir: string, onCost?: OnPartCost): PartRunner {
  const costs = new Map<string, Promise<PartCost>>();
  const costOf = ({ part, inputs }: PartRequest): Promise<PartCost> => {
    const dims = Object.entries(inputs).map(([name, tensor]) => [name, tensor.dims] as const);
    const key = JSON.stringify([part, dims]);
    const known =
      costs.get(key) ?? partCost(folder.parts[part]?.path ?? '', Object.fromEntries(dims), { workDir });
    costs.set(key, known);
    return known;
  };
  return {
    memoryBytes: hostMemoryBytes(),
    run: async (request) => {
      const cost = await costOf(request);
      onCost?.(request.part, cost);
      // A session takes and gives float32 where its file is float16.
      return Object.fromEntries(
        cost.outputs.map(({ name, dtype, dims }): [string, Tensor] => [
          name,
          zeros(dtype === 'float16' ? 'float32' : dtype, dims),
        ]),
      );
    },
  };
}

/**
 * Runs a call with a stand-in for its parts, and notes what each would take.
 *
 * @param begin begins the call with this runner
 */
export async function estimateParts(
  pipeline: Pipeline,
  workDir: string,
  begin: (runner: PartRunner) => Promise<BegunCall>,
): Promise<PartEstimate[]> {
  const estimates = new Map<string, PartEstimate>();
  let isAfter = false;
  const runner = standInRunner(pipeline, workDir, (part, { costMs, memory }) => {
    const before = estimates.get(part);
    estimates.set(part, {
      part,
      runs: (before?.runs ?? 0) + 1,
      costMs: (before?.costMs ?? 0) + costMs,
      weightBytes: memory.weights,
      memoryBytes: Math.max(before?.memoryBytes ?? 0, memory.total),
      isAfter: before?.isAfter ?? isAfter,
    });
  });
  const begun = await begin(runner);
  const { dims } = begun.job.latents;
  isAfter = true;
  await begun.finish(float32(new Float32Array(dims.reduce((count, dim) => count * dim, 1)), dims));
  return [...estimates.values()];
}
