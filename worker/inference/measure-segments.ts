import { zeros } from '../../common/tensor/index.js';
import {
  isTensor,
  type LoadedSegment,
  releaseValues,
  type SegmentSession,
  type SegmentSpec,
  type SessionValue,
} from '../../execution/index.js';

const WINDOWS = 3;
/** Sessions that take seconds are measured once after their warm-up: the plan needs ratios, not decimals. Of each session. */
const ENOUGH_MS = 2_000;
/** So long at most are sessions timed at a stretch, whatever the coordinator says. */
const MAX_WINDOW_MS = 10_000;

/** What is to be measured, and how thoroughly. */
export interface Measuring {
  /** Factor on declared times; 0 to measure. */
  readonly declaredDilation: number;
  /**
   * Length of a window: all sessions run in turn until it is over, once at least. A device that is stopped now and then (a processor quota) shows what
   * it gives in windows that are long beside that.
   */
  readonly windowMs: number;
}

interface Timed {
  readonly session: SegmentSession;
  readonly feeds: Readonly<Record<string, SessionValue>>;
  bestMs: number;
}

/**
 * Milliseconds of one run of each segment on this device: the mean of its runs in the best of up to three windows, on zeros, after one warm-up
 * run (which pays for lazy allocation and, on a GPU, for kernel selection). What a session leaves on the device is fed to the next ones, as in a job.
 */
export async function measureSegments(
  segments: readonly LoadedSegment[],
  { declaredDilation, windowMs }: Measuring,
): Promise<Record<string, number>> {
  if (declaredDilation > 0)
    return Object.fromEntries(segments.map(({ spec }) => [spec.id, spec.declaredMs * declaredDilation]));
  const onDevice = new Map<string, SessionValue>();
  try {
    const timed = await warmUp(segments, onDevice);
    const sessions = [...timed.values()];
    const beganMs = performance.now();
    for (let window = 0; window < WINDOWS; window++) {
      await measureWindow(sessions, Math.min(windowMs, MAX_WINDOW_MS));
      if (performance.now() - beganMs >= ENOUGH_MS * sessions.length) break;
    }
    return Object.fromEntries(
      segments.map(({ spec, session }) => [spec.id, timed.get(session)?.bestMs ?? 0]),
    );
  } finally {
    releaseValues(onDevice.values());
  }
}

/** @param onDevice gets what sessions have left on the device, by name */
async function warmUp(
  segments: readonly LoadedSegment[],
  onDevice: Map<string, SessionValue>,
): Promise<Map<SegmentSession, Timed>> {
  const timed = new Map<SegmentSession, Timed>();
  for (const { spec, session } of segments) {
    if (timed.has(session)) continue;
    const feeds = feedsOf(spec, onDevice);
    for (const [name, value] of Object.entries(await session.run(feeds)))
      if (!isTensor(value)) onDevice.set(name, value);
    timed.set(session, { session, feeds, bestMs: Number.POSITIVE_INFINITY });
  }
  return timed;
}

async function measureWindow(sessions: readonly Timed[], windowMs: number): Promise<void> {
  const sumMs = new Float64Array(sessions.length);
  const beganMs = performance.now();
  let turns = 0;
  do {
    turns += 1;
    for (const [at, { session, feeds }] of sessions.entries()) {
      const startMs = performance.now();
      const results = await session.run(feeds);
      sumMs[at]! += performance.now() - startMs;
      releaseValues(Object.values(results));
    }
  } while (performance.now() - beganMs < windowMs);
  for (const [at, one] of sessions.entries()) one.bestMs = Math.min(one.bestMs, sumMs[at]! / turns);
}

function feedsOf(
  { inputs }: SegmentSpec,
  onDevice: ReadonlyMap<string, SessionValue>,
): Record<string, SessionValue> {
  return Object.fromEntries(
    inputs.map(({ name, dtype, dims }) => [name, onDevice.get(name) ?? zeros(dtype, dims)]),
  );
}
