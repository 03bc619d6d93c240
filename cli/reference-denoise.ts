import { join } from 'node:path';
import { asked, type PlanSettings, settingsDocument } from '../common/settings/index.js';
import { driftReport, lookAheadNotes, tensorDigest } from '../execution/index.js';
import type { Sampler } from '../samplers/index.js';
import type { DenoiseFlags, DenoiseWork } from './commands/denoise.js';
import type { CommandIo } from './io.js';
import { planWorkers, referenceRun } from './reference-run.js';

/** `denoise --reference`: the run in this process, and its report. */
export async function referenceDenoise(
  flags: DenoiseFlags,
  io: CommandIo,
  shared: DenoiseWork & { sampler: Sampler; settings: PlanSettings },
) {
  const { inputs, job, sampler, recorder, progress } = shared;
  const { components } = shared.settings;
  const settings = { ...shared.settings, components: components === 'auto' ? 1 : components };
  const records: Promise<void>[] = [];
  const outcome = await referenceRun({
    modelPath: flags.model,
    inputs,
    sampler,
    guidanceScale: asked(job.guidanceScale) ?? 1,
    timestepScale: shared.timestepScale,
    seed: BigInt(job.seed),
    joint: shared.joint,
    settings,
    replay: shared.replay?.run,
    device: flags.device ?? 'cpu',
    threads:
      flags.threads ??
      (await import('../client/local/index.js')).defaultThreads(planWorkers(settings).length),
    workDir: flags.cache === undefined ? undefined : join(flags.cache, 'plans'),
    signal: io.signal,
    onStep: (step) => {
      progress.update('reference', step.step + 1, sampler.numCalls);
      if (recorder !== undefined) records.push(recorder.record(step));
    },
  });
  await Promise.all(records);
  const { result, schedule } = outcome;
  const { inOrder, driftSum } = driftReport(schedule, result.heldAt, result.drifts);
  const { partition, planId } = outcome.plan;
  return {
    latents: Object.values(outcome.jointLatents)[0] ?? result.latents,
    jointLatents: outcome.jointLatents,
    document: {
      seconds: result.seconds,
      steps: sampler.numCalls,
      rounds: result.rounds,
      ...settingsDocument({
        ...settings,
        ...outcome.plan.settings,
        warmUp: schedule.warmUp,
        end: schedule.end ?? 0,
        maxWorkers: planWorkers(settings).length,
      }),
      drifts: Array.from(result.drifts, (drift) => drift ?? null),
      drift_sum: driftSum,
      in_order_steps: inOrder,
      held_steps: result.heldAt,
      notes: lookAheadNotes({ schedule, sampler }, result.heldAt, inOrder),
      data_path: 'none',
      bytes_between_workers: 0,
      cuts: partition.cuts,
      plan_id: planId,
      version: outcome.identity.version,
      predictor_id: outcome.identity.predictorId,
      program_id: outcome.identity.programId,
      inputs_sha256: outcome.identity.inputsSha256,
      runtimes: outcome.identity.runtimes,
      latents_sha256: tensorDigest(result.latents),
      program_changes: 0,
    },
  };
}
