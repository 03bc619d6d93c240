import { tensorBytes } from '../common/tensor/index.js';
import { clusterOf } from './cluster.js';
import type { Plan, PlanPrediction, PlanRequest } from './plan.js';
import { predictPeriod } from './search/index.js';

/** What a plan's rounds take on the links as they were measured, whatever class of links it was cut for. */
export function predictionOf(
  request: Pick<PlanRequest, 'workers' | 'links' | 'batchRepeat'>,
  { partition, placement, inputs, settings, timed }: Omit<Plan, 'predicted'>,
): PlanPrediction {
  const workers = request.workers.map((worker, at) => ({
    ...worker,
    speed: timed?.speeds[at] ?? worker.speed,
  }));
  const latents = inputs.find(({ name }) => name === partition.sampleInput);
  const latentBytes =
    latents === undefined
      ? 0
      : (tensorBytes(latents.dtype, latents.dims) * partition.microBatches) / request.batchRepeat;
  const cluster = clusterOf({ ...request, workers }, placement, latentBytes);
  const { stride, lookAhead } = settings;
  const { periodMs, criticalCycle } = predictPeriod(partition, cluster, {
    stride,
    lookAhead: lookAhead === 'on',
  });
  return { periodMs, criticalCycle };
}
