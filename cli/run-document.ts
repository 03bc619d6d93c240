import type { RunReport } from '../client/index.js';
import { settingsDocument } from '../common/settings/index.js';

/** What `--json` tells of a run; the same keys in generate and denoise. Where several predictors made it, `stages` has them for each one's part. */
export function runDocument(report: RunReport) {
  const { stages } = report;
  return { ...stageDocument(report), ...(stages.length === 0 ? {} : { stages: stages.map(stageDocument) }) };
}

function stageDocument(report: RunReport) {
  return {
    seconds: report.seconds,
    total_seconds: report.totalSeconds,
    steps: report.steps,
    rounds: report.rounds,
    ...settingsDocument(report.settings),
    bytes_between_workers: report.bytesBetweenWorkers,
    broadcast_bytes_per_round: report.broadcastBytesPerRound,
    period_ms: report.periodMs,
    predicted_period_ms: report.predictedPeriodMs,
    max_share: report.maxShare,
    cuts: report.cuts,
    plan_id: report.planId,
    recut_turns: report.recutTurns,
    restarts: report.restarts,
    drifts: report.drifts.map((drift) => (drift < 0 ? null : drift)),
    drift_sum: report.driftSum,
    in_order_steps: report.inOrderSteps,
    held_steps: report.heldSteps,
    notes: report.notes,
    ...identityDocument(report),
    declared: report.declared,
    workers: workersDocument(report.workers),
  };
}

/** What says whether a run can be repeated, and whether it was. */
export function identityDocument(report: RunReport) {
  return {
    version: report.version,
    predictor_id: report.predictorId,
    program_id: report.programId,
    inputs_sha256: report.inputsSha256,
    runtimes: report.runtimes,
    latents_sha256: report.latentsSha256,
    program_changes: report.programChanges,
  };
}

/** What `run --json` tells of a list. */
export function listDocument({ throughput, settings, ...report }: RunReport) {
  const { itemsPerSecond = 0, predictedItemsPerSecond = 0, oneWorkerItemsPerSecond = 0 } = throughput ?? {};
  return {
    items: report.steps,
    seconds: report.seconds,
    total_seconds: report.totalSeconds,
    items_per_second: itemsPerSecond,
    predicted_items_per_second: predictedItemsPerSecond,
    one_worker_items_per_second: oneWorkerItemsPerSecond,
    components: settings.components,
    cuts: report.cuts,
    plan_id: report.planId,
    restarts: report.restarts,
    bytes_between_workers: report.bytesBetweenWorkers,
    version: report.version,
    predictor_id: report.predictorId,
    program_id: report.programId,
    inputs_sha256: report.inputsSha256,
    runtimes: report.runtimes,
    workers: workersDocument(report.workers),
  };
}

function workersDocument(workers: RunReport['workers']) {
  return workers.map((worker) => ({
    name: worker.name,
    device: worker.device,
    components: worker.components,
    compute_ms: worker.computeMs,
    wait_ms: worker.waitMs,
    sent_bytes: worker.sentBytes,
    planned_share: worker.plannedShare,
    measured_share: worker.measuredShare,
  }));
}
