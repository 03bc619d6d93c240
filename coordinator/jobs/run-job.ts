import { batchRepeatOf } from '../../common/guidance/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { formatDims, type Tensor } from '../../common/tensor/index.js';
import type { PlanSettings } from '../../common/settings/index.js';
import type { DenoiseJob } from '../../execution/index.js';
import { batchParts, choiceSubject, choiceText, type PlanRequest } from '../../planner/index.js';
import { samplerTraits } from '../../samplers/index.js';
import type { RunReport } from '../../rpc/gen/asyncdiff/v1/RunReport.js';
import { runAttempts } from './denoise-attempts.js';
import { DenoiseEvents } from './denoise-events.js';
import type { DenoiseRunOptions } from './denoise-run.js';
import { type JobContext, preparingMessage, restedWorkers } from './job-context.js';
import { runReport } from './run-report.js';
import type { TracedRun } from './trace.js';

/** A denoising, on which model and by which plan, and what its client wants to be told. */
interface JobRequest {
  readonly job: DenoiseJob;
  readonly source: PlanRequest['source'];
  readonly settings: PlanSettings;
  /** Tell of the tensors of every step. */
  readonly sendSteps: boolean;
  readonly trace: boolean;
  /** Run the program on the simulator as well. */
  readonly simulate: boolean;
  /** The run whose bits this one is to give again. */
  readonly replay?: DenoiseRunOptions['replay'];
  readonly wantsLatents?: DenoiseRunOptions['wantsLatents'];
  readonly onLatents?: DenoiseRunOptions['onLatents'];
}

export interface DenoiseOutcome {
  readonly latents: Tensor;
  readonly report: RunReport;
  /** For the timeline. */
  readonly traced: TracedRun;
}

/** Runs one denoising job on the workers and reports to the client as it goes. */
export async function runJob(request: JobRequest, context: JobContext): Promise<DenoiseOutcome> {
  const { job, source, settings, trace, replay, wantsLatents, onLatents } = request;
  const { jobId, deployments, phases, signal } = context;
  const startMs = performance.now();
  const batchRepeat = batchRepeatOf(job.guidance);
  batchParts(settings, batchRepeat);
  const subject = choiceSubject(samplerTraits(job.sampler), job.guidance, settings);
  const events = new DenoiseEvents(context, job.sampler.numCalls);
  const options: DenoiseRunOptions = {
    jobId,
    job,
    deployments,
    phases,
    workers: () => restedWorkers(context, settings),
    request: { source, settings, batchRepeat, subject },
    trace,
    replay,
    signal,
    onPreparing: (preparing) => context.emit({ preparing: preparingMessage(preparing) }),
    onDeployed: (deployment, attempt) => events.deployed(deployment, attempt),
    onLoss: (error, isGivenUp) => context.lost(error, isGivenUp),
    onProgress: (step, round, prediction) => events.progress(step, round, prediction),
    onStep: request.sendSteps ? (step) => events.step(step) : undefined,
    wantsLatents,
    onLatents,
  };
  const run = await runAttempts(options);
  for (const worker of run.deployment.workers) context.registry.worked(worker);
  deployments.worked(run.deployment);
  const report = runReport(run, options, {
    totalSeconds: (performance.now() - startMs) / 1000,
    cpuMs: events.cpuMs(),
    simulate: request.simulate,
  });
  // The `planned` event has told what was chosen.
  const { choice } = run.planRequest;
  const told = choice === undefined ? undefined : choiceText(choice);
  for (const message of report.notes ?? []) if (message !== told) context.emit({ warning: { message } });
  context.metrics.jobDone(run);
  return { latents: run.latents, report, traced: run };
}

/** Holds a user's own inputs against guidance. Throws `invalid_input` for one that has not both halves. */
export function checkGuidedBatch({
  latents,
  conditioning,
  guidance,
}: Pick<DenoiseJob, 'latents' | 'conditioning' | 'guidance'>): void {
  if (guidance === undefined) return;
  const batch = (latents.dims[0] ?? 1) * batchRepeatOf(guidance);
  for (const [name, tensor] of Object.entries(conditioning)) {
    const first = tensor.dims[0] ?? 0;
    if (tensor.dims.length > 0 && first !== batch) {
      throw new AsyncDiffError(
        'invalid_input',
        `input "${name}" is ${formatDims(tensor.dims)}: with guidance its batch is [unconditional; conditional], so ${batch} for latents ${formatDims(latents.dims)}`,
      );
    }
  }
}
