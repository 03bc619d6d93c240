import { join } from 'node:path';
import { ByteMeter } from '../common/byte-progress.js';
import { ContentIndex } from '../common/model-file/index.js';
import { ModelTensors, type PreparedModel, tensorRanges } from './model/index.js';
import type { PlanRequest } from './plan.js';
import type { OnPlanningProgress } from './planning-progress.js';

/** Weights that are being hashed. */
interface Hashing {
  readonly tensors: Promise<ModelTensors>;
}

/** Bytes of weights that were never hashed, up to which a plan that is only looked at hashes them. */
const MAX_PREVIEW_HASH_BYTES = 256 * 2 ** 20;

/**
 * Begins to hash a model's tensors; resolves when they are hashed, or other threads are at it. Undefined where there is nothing to hash: for declared
 * devices, and for a preview of too large a model.
 */
export async function hashOf(
  { workDir, isPreview = false }: Pick<PlanRequest, 'workDir' | 'isPreview'>,
  prepared: PreparedModel | undefined,
  onProgress: OnPlanningProgress,
): Promise<Hashing | undefined> {
  if (prepared === undefined) return undefined;
  const { skeleton } = prepared.folded;
  const index = new ContentIndex(join(workDir, 'hashes'));
  if (isPreview && (await index.unknownBytes(tensorRanges(skeleton))) > MAX_PREVIEW_HASH_BYTES)
    return undefined;
  const meter = new ByteMeter();
  let begun: () => void = () => undefined;
  const inThreads = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const tensors = ModelTensors.hash(skeleton, index, {
    onThreads: begun,
    onProgress: (done, total) =>
      onProgress({ stage: 'hash', fraction: done / total, bytes: meter.at(done, total) }),
  });
  // Whoever waits for it hears of a failure, unless the search failed first.
  tensors.catch(() => undefined);
  await Promise.race([tensors.catch(() => undefined), inThreads]);
  return { tensors };
}
