import type { CompleteJob } from '../pipeline/index.js';
import type { DenoiseOutcome } from './run-job.js';

type RunReport = DenoiseOutcome['report'];

/** The calls of a job that one predictor makes, and how many the ones before it have made. */
interface StageToRun extends CompleteJob {
  readonly stepsBefore: number;
}

/** Runs the stages of a call one after another: each goes on from the latents and the sampler's history that the one before has left. */
export async function runStages(
  stages: readonly [CompleteJob, ...CompleteJob[]],
  run: (stage: StageToRun) => Promise<DenoiseOutcome>,
): Promise<DenoiseOutcome> {
  const [first, ...others] = stages;
  let outcome = await run({ ...first, stepsBefore: 0 });
  let { sampler } = first.job;
  let stepsBefore = sampler.numCalls;
  for (const stage of others) {
    stage.job.sampler.resume(0, sampler.history());
    const job = { ...stage.job, latents: outcome.latents };
    const next = await run({ ...stage, job, stepsBefore });
    outcome = { ...next, report: together(outcome.report, next.report, stepsBefore) };
    ({ sampler } = job);
    stepsBefore += sampler.numCalls;
  }
  return outcome;
}

/** Two runs as one: identity, plan and settings are the first one's, latents and workers the last one's. */
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
    drifts: [...(first.drifts ?? []), ...(last.drifts ?? [])],
    inOrderSteps: [...(first.inOrderSteps ?? []), ...later(last.inOrderSteps)],
    heldSteps: [...(first.heldSteps ?? []), ...later(last.heldSteps)],
    notes: [...new Set([...(first.notes ?? []), ...(last.notes ?? [])])],
    ...(last.latentsSha256 !== undefined && { latentsSha256: last.latentsSha256 }),
    workers: last.workers ?? [],
  };
}
