import { median } from '../../common/statistics/index.js';
import { zeros } from '../../common/tensor/index.js';
import {
  isTensor,
  type LoadedSegment,
  releaseValues,
  type SegmentSession,
  type SegmentSpec,
  type SessionValue,
} from '../../execution/index.js';

const MAX_RUNS = 3;
/** A segment that takes seconds is measured once after its warm-up: the plan needs ratios, not decimals. */
const ENOUGH_MS = 2_000;

/**
 * Milliseconds of one run of each segment on this device: the median of up to three runs on zeros after one warm-up
 * run (which pays for lazy allocation and, on a GPU, for kernel selection). What a session leaves on the device is fed to the next ones, as in a job.
 * @param declaredDilation factor on declared times; 0 to measure.
 */
export async function measureSegments(
  segments: readonly LoadedSegment[],
  declaredDilation: number,
): Promise<Record<string, number>> {
  const measured = new Map<SegmentSession, number>();
  const result: Record<string, number> = {};
  const onDevice = new Map<string, SessionValue>();
  try {
    for (const { spec, session } of segments) {
      if (declaredDilation > 0) {
        result[spec.id] = spec.declaredMs * declaredDilation;
        continue;
      }
      const ms = measured.get(session) ?? (await medianRunMs(session, spec, onDevice));
      measured.set(session, ms);
      result[spec.id] = ms;
    }
  } finally {
    releaseValues(onDevice.values());
  }
  return result;
}

/** @param onDevice values that earlier sessions have left on the device, by name; those of this one are added */
async function medianRunMs(
  session: SegmentSession,
  spec: SegmentSpec,
  onDevice: Map<string, SessionValue>,
): Promise<number> {
  const feeds: Record<string, SessionValue> = {};
  for (const { name, dtype, dims } of spec.inputs) feeds[name] = onDevice.get(name) ?? zeros(dtype, dims);
  for (const [name, value] of Object.entries(await session.run(feeds)))
    if (!isTensor(value)) onDevice.set(name, value);
  const runs: number[] = [];
  for (let spentMs = 0; runs.length < MAX_RUNS && spentMs < ENOUGH_MS; ) {
    const startMs = performance.now();
    const results = await session.run(feeds);
    const runMs = performance.now() - startMs;
    releaseValues(Object.values(results));
    runs.push(runMs);
    spentMs += runMs;
  }
  return median(runs);
}
