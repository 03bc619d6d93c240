import type { Cluster, Link } from '../program/index.js';
import { DEFAULT_LINK, toLink } from './search/index.js';
import type { PlanRequest } from './plan.js';
import type { Placement } from '../program/index.js';

/** Serialising and parsing on Node, measured with `npm run bench:transport`. */
const SERIALIZE_MS_PER_MB = DEFAULT_LINK.serializeMsPerMb;
/**
 * What a link gives of what it gave when it was measured alone: in a round several flows share its ends. With 0.93 measured and predicted
 * periods of SD 2.1 on four workers agree; with 1 the plan fills an interface to 0.92 and waits for it.
 */
const SHARED_LINK = 0.93;
/** What the sampler takes per element on one core: a handful of float operations. */
const SAMPLER_MS_PER_MIB = 1;
const SAMPLER_BASE_MS = 0.2;
/** Entering and leaving ONNX Runtime, and the hop between two threads. */
const TASK_OVERHEAD_MS = 0.2;

type SegmentMs = (workerId: string, segmentId: string) => number | undefined;

/**
 * The cluster of a plan as partition search and simulator want it. Links between workers are nearly as measured; one that was
 * not is taken as loopback on one host, and as twice the coordinator's round trip at 10 Gb/s otherwise. The rate of the way to the coordinator is
 * not measured: it is taken as the fastest link that the worker has to another host, which is what its own interface gives.
 */
export function clusterOf(
  request: Pick<PlanRequest, 'workers' | 'links'>,
  placement: Placement,
  latentBytes: number,
  segmentMs?: SegmentMs,
): Cluster {
  const workers = new Map(request.workers.map((worker) => [worker.id, worker]));
  const links = new Map(request.links.map((link) => [`${link.from}>${link.to}`, link]));
  const interfaces = new Map<string, number>();
  for (const { from, to, bytesPerSecond } of request.links)
    for (const id of [from, to])
      interfaces.set(id, Math.max(interfaces.get(id) ?? 0, bytesPerSecond * SHARED_LINK));
  const coordinatorLinks = (id: string): Link => {
    const { roundTripMs = 0 } = workers.get(id) ?? {};
    // No round trip: a worker of the coordinator's host.
    const measured = roundTripMs === 0 ? undefined : interfaces.get(id);
    return toLink({
      latencyMs: halfRoundTrip(roundTripMs),
      bytesPerSecond: Math.min(DEFAULT_LINK.bytesPerSecond, measured ?? DEFAULT_LINK.bytesPerSecond),
      serializeMsPerMb: SERIALIZE_MS_PER_MB,
    });
  };
  const link = (from: string, to: string): Link => {
    const measured = links.get(`${from}>${to}`);
    if (measured !== undefined) {
      return toLink({
        latencyMs: halfRoundTrip(measured.roundTripMs),
        bytesPerSecond: measured.bytesPerSecond * SHARED_LINK,
        serializeMsPerMb: 0,
      });
    }
    if (workers.get(from)?.hostId === workers.get(to)?.hostId) return toLink(DEFAULT_LINK);
    return toLink({
      ...DEFAULT_LINK,
      latencyMs: Math.max(coordinatorLinks(from).latencyMs, coordinatorLinks(to).latencyMs),
    });
  };
  return {
    workers: request.workers.map(({ id, hostId, speed }) => ({ id, hostId, speed })),
    placement,
    links: link,
    coordinatorLinks,
    latentBytes,
    samplerMs: SAMPLER_BASE_MS + (latentBytes / 2 ** 20) * SAMPLER_MS_PER_MIB,
    taskOverheadMs: TASK_OVERHEAD_MS,
    segmentMs,
  };
}

function halfRoundTrip(roundTripMs: number | undefined): number {
  return roundTripMs === undefined || roundTripMs === 0 ? DEFAULT_LINK.latencyMs : roundTripMs / 2;
}
