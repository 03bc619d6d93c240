import type { PlanSettings } from '../../common/settings/index.js';
import type { Deployments, Preparing } from '../deployment/index.js';
import { awaitWorkers, chooseWorkers, type WorkerHandle, type WorkerRegistry } from '../workers/index.js';
import type { JobMetrics } from './job-metrics.js';
import type { RunningJob } from './jobs.js';

/** A job that runs, and what it runs with. */
export interface JobContext extends RunningJob {
  readonly registry: WorkerRegistry;
  readonly deployments: Deployments;
  readonly metrics: JobMetrics;
}

/** The workers that a job may run on, waited for where one may be about to join; its client is told. Throws `no_workers`, `cancelled`. */
export function workersThere(context: JobContext, settings: PlanSettings): Promise<readonly WorkerHandle[]> {
  const onWait = (): void => context.emit({ preparing: preparingMessage({ stage: 'join', fraction: 0 }) });
  return awaitWorkers(context.registry, settings, { signal: context.signal, onWait });
}

/** {@link workersThere}, without those that rest after a mistake where another one may be taken. */
export async function restedWorkers(
  context: JobContext,
  settings: PlanSettings,
): Promise<readonly WorkerHandle[]> {
  const there = await workersThere(context, settings);
  const rested = chooseWorkers(context.registry.usable, settings);
  return rested.length > 0 ? rested : there;
}

/** How far preparing is, for the client. */
export function preparingMessage({ stage, fraction, bytes }: Preparing) {
  if (bytes === undefined) return { stage, fraction };
  const { secondsLeft, ...counted } = bytes;
  return { stage, fraction, ...counted, ...(secondsLeft !== undefined && { secondsLeft }) };
}
