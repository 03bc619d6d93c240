import type { Cluster } from '../../program/index.js';
import { predictPeriod } from '../../planner/search/index.js';
import { clusterOf, type PlanRequest } from '../../planner/index.js';
import type { Deployment } from './deployment.js';

/** Milliseconds of one run; key `<worker id>/<segment id>`. */
export type SegmentTimes = ReadonlyMap<string, number>;

/** Period of an asynchronous round from the segments' times as their workers measured them, milliseconds. */
export function predictedPeriodMs(
  deployment: Pick<Deployment, 'plan' | 'partition' | 'segmentMs'>,
  planRequest: PlanRequest,
  stride: number,
  segmentMs: SegmentTimes = deployment.segmentMs,
): number {
  const cluster = measuredCluster(deployment, planRequest, segmentMs);
  return predictPeriod(deployment.partition, cluster, {
    stride,
    lookAhead: deployment.plan.settings.lookAhead === 'on',
  }).periodMs;
}

/** The plan's machines, with the segments' times as measured. */
export function measuredCluster(
  { plan }: Pick<Deployment, 'plan'>,
  planRequest: PlanRequest,
  segmentMs: SegmentTimes,
): Cluster {
  const latentBytes =
    (plan.output.dims.reduce((product, dim) => product * dim, 4) * plan.partition.microBatches) /
    planRequest.batchRepeat;
  return clusterOf(planRequest, plan.placement, latentBytes, (worker, segment) =>
    segmentMs.get(`${worker}/${segment}`),
  );
}
