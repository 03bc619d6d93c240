import type { Cluster, ClusterWorker, Partition } from '../../program/index.js';
import { isLastComponent, workerOfRun } from '../../program/index.js';

/** What the bound is made of. */
interface IdealSpeedupInput {
  /** T. */
  readonly numInferenceSteps: number;
  /** w. */
  readonly warmUp: number;
  /** S. */
  readonly stride: number;
  /** Time of a step in order, over one run of the whole predictor: 1, or 1/2 where guidance is split. Default 1. */
  readonly stepShare?: number | undefined;
  /** Compute of the busiest worker in one round, over one run of the whole predictor; see {@link roundShare}. */
  readonly maxShare: number;
}

/**
 * The speed-up over the sequential sampler if the network cost nothing: T / (w + R * maxShare) with R = ceil((T - w) / S)
 * rounds. With S = 1 that is T / (w + (T - w) * max share). Where guidance is split, a step in order takes half the time as well.
 */
export function idealSpeedup(input: IdealSpeedupInput): number {
  const { numInferenceSteps, warmUp, stride, maxShare, stepShare = 1 } = input;
  const synchronous = Math.min(warmUp, numInferenceSteps);
  const rounds = Math.ceil((numInferenceSteps - synchronous) / stride);
  return numInferenceSteps / (synchronous * stepShare + rounds * maxShare);
}

/**
 * The largest share of the predictor's compute that one worker does in one round: the shares of all components that it holds;
 * component N counts once for each of the S runs that the worker does. A worker that is slower than the fastest one has so much more to do.
 */
export function roundShare(
  partition: Partition,
  cluster: Pick<Cluster, 'placement'> & {
    readonly workers?: readonly Pick<ClusterWorker, 'id' | 'speed'>[];
  },
  stride: number,
): number {
  const speeds = new Map(cluster.workers?.map(({ id, speed }) => [id, speed]));
  const fastest = Math.max(...speeds.values());
  const slowness = (worker: string): number => (speeds.has(worker) ? fastest / speeds.get(worker)! : 1);
  const loads = new Map<string, number>();
  for (const { index, share } of partition.components) {
    const runs = isLastComponent(partition, index) ? stride : 1;
    for (let run = 0; run < runs; run++) {
      const worker = workerOfRun(cluster.placement, index, run);
      loads.set(worker, (loads.get(worker) ?? 0) + share * slowness(worker));
    }
  }
  return Math.max(...loads.values());
}
