import { median } from '../../common/statistics/index.js';
import { zeros, type Tensor } from '../../common/tensor/index.js';
import type { LoadedSegment, SegmentSession, SegmentSpec } from '../../execution/index.js';

const MAX_RUNS = 3;
/** A segment that takes seconds is measured once after its warm-up: the plan needs ratios, not decimals. */
const ENOUGH_MS = 2_000;

/**
 * Milliseconds of one run of each segment on this device: the median of up to three runs on zeros after one warm-up
 * run (which pays for lazy allocation and, on a GPU, for kernel selection).
 * @param declaredDilation factor on declared times; 0 to measure.
 */
export async function measureSegments(
  segments: readonly LoadedSegment[],
  declaredDilation: number,
): Promise<Record<string, number>> {
  const measured = new Map<SegmentSession, number>();
  const result: Record<string, number> = {};
  for (const { spec, session } of segments) {
    if (declaredDilation > 0) {
      result[spec.id] = spec.declaredMs * declaredDilation;
      continue;
    }
    const ms = measured.get(session) ?? (await medianRunMs(session, spec));
    measured.set(session, ms);
    result[spec.id] = ms;
  }
  return result;
}

async function medianRunMs(session: SegmentSession, spec: SegmentSpec): Promise<number> {
  const feeds: Record<string, Tensor> = {};
  for (const { name, dtype, dims } of spec.inputs) feeds[name] = zeros(dtype, dims);
  await session.run(feeds);
  const runs: number[] = [];
  for (let spentMs = 0; runs.length < MAX_RUNS && spentMs < ENOUGH_MS; ) {
    const startMs = performance.now();
    await session.run(feeds);
    const runMs = performance.now() - startMs;
    runs.push(runMs);
    spentMs += runMs;
  }
  return median(runs);
}
