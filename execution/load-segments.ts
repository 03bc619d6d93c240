import type { SegmentSpec } from './segment-spec.js';
import type { SegmentSession } from './session.js';

export interface LoadedSegment {
  readonly spec: SegmentSpec;
  readonly session: SegmentSession;
}

/** Opens the sessions of segments, one for all micro-batches of a segment. What was opened is released if one cannot be. */
export async function loadSegments(
  specs: readonly SegmentSpec[],
  open: (spec: SegmentSpec) => Promise<SegmentSession>,
): Promise<LoadedSegment[]> {
  const sessions = new Map<string, SegmentSession>();
  try {
    for (const spec of specs) if (!sessions.has(spec.session)) sessions.set(spec.session, await open(spec));
  } catch (error) {
    for (const session of sessions.values()) await session.release().catch(() => undefined);
    throw error;
  }
  return specs.map((spec) => ({ spec, session: sessions.get(spec.session) as SegmentSession }));
}

/** Releases the sessions of segments, each once; the others too where one cannot be. */
export async function releaseSegments(segments: Iterable<LoadedSegment>): Promise<void> {
  const sessions = new Set(Array.from(segments, ({ session }) => session));
  const results = await Promise.allSettled(Array.from(sessions, (session) => session.release()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
