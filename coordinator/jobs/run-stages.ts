import type { Tensor } from '../../common/tensor/index.js';
import type { CompleteJob } from '../pipeline/index.js';
import type { DenoiseOutcome } from './run-job.js';
import type { TracedRun } from './trace.js';

type RunReport = DenoiseOutcome['report'];

/** The calls of a job that one predictor makes, and how many the ones before it have made. */
interface StageToRun extends CompleteJob {
  readonly stepsBefore: number;
}

/** What the stages of a call came to. */
export interface StagesOutcome {
  readonly latents: Tensor;
  readonly report: RunReport;
  /** For the timeline, stage by stage. */
  readonly traced: readonly TracedRun[];
}

/**
 * Runs the stages of a call one after another: each goes on from the latents and the sampler's history that the one before has left.
 * @param run one of them; `at` is its place among them, from 0
 */
export async function runStages(
  stages: readonly [CompleteJob, ...CompleteJob[]],
  run: (stage: StageToRun, at: number) => Promise<DenoiseOutcome>,
): Promise<StagesOutcome> {
  const [first, ...others] = stages;
  let outcome = await run({ ...first, stepsBefore: 0 }, 0);
  const outcomes = [outcome];
  let { sampler } = first.job;
  let stepsBefore = sampler.numCalls;
  for (const [at, stage] of others.entries()) {
    stage.job.sampler.resume(0, sampler.history());
    const job = { ...stage.job, latents: outcome.latents };
    outcome = await run({ ...stage, job, stepsBefore }, at + 1);
    outcomes.push(outcome);
    ({ sampler } = job);
    stepsBefore += sampler.numCalls;
  }
  const reports = outcomes.map(({ report }) => report);
  const whole = reports.reduce((before, next) => together(before, next, Number(before.steps)));
  return {
    latents: outcome.latents,
    report: reports.length === 1 ? whole : { ...whole, stages: reports },
    traced: outcomes.map(({ traced }) => traced),
  };
}

/** Two runs as one: identity, plan and settings are the first one's, latents the last one's; the rest is counted together. */
function together(first: RunReport, last: RunReport, stepsBefore: number): RunReport {
  const sum = (of: (report: RunReport) => number | string | undefined): number =>
    Number(of(first) ?? 0) + Number(of(last) ?? 0);
  const later = (steps: readonly number[] = []): number[] => steps.map((step) => step + stepsBefore);
  return {
    ...first,
    seconds: sum(({ seconds }) => seconds),
    totalSeconds: sum(({ totalSeconds }) => totalSeconds),
    steps: sum(({ steps }) => steps),
    rounds: sum(({ rounds }) => rounds),
    restarts: sum(({ restarts }) => restarts),
    programChanges: sum(({ programChanges }) => programChanges),
    simulatedSeconds: sum(({ simulatedSeconds }) => simulatedSeconds),
    driftSum: sum(({ driftSum }) => driftSum),
    bytesBetweenWorkers: sum(({ bytesBetweenWorkers }) => Number(bytesBetweenWorkers)),
    drifts: [...(first.drifts ?? []), ...(last.drifts ?? [])],
    inOrderSteps: [...(first.inOrderSteps ?? []), ...later(last.inOrderSteps)],
    heldSteps: [...(first.heldSteps ?? []), ...later(last.heldSteps)],
    notes: [...new Set([...(first.notes ?? []), ...(last.notes ?? [])])],
    ...(last.latentsSha256 !== undefined && { latentsSha256: last.latentsSha256 }),
    workers: workersTogether([...(first.workers ?? []), ...(last.workers ?? [])]),
  };
}

/** What each worker did in all runs; its shares are those of its first one. */
function workersTogether(workers: NonNullable<RunReport['workers']>): NonNullable<RunReport['workers']> {
  const ids = [...new Set(workers.map(({ workerId }) => workerId))];
  return ids.map((id) => {
    const own = workers.filter(({ workerId }) => workerId === id);
    const sum = (of: (worker: (typeof own)[number]) => unknown): number =>
      own.reduce((total, worker) => total + Number(of(worker) ?? 0), 0);
    return {
      ...own[0],
      components: [...new Set(own.flatMap(({ components = [] }) => components))],
      computeMs: sum(({ computeMs }) => computeMs),
      waitMs: sum(({ waitMs }) => waitMs),
      sentBytes: sum(({ sentBytes }) => sentBytes),
    };
  });
}
