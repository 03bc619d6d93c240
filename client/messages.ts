import { AsyncDiffError } from '../common/errors/index.js';
import { ARGUMENT_NAMES, type PipelineArguments } from '../common/pipeline-arguments/index.js';
import { chosenSettings, resolvePlanSettings } from '../common/settings/index.js';
import { type Tensor, zeros } from '../common/tensor/index.js';
import type { DenoiseRequest } from '../rpc/gen/asyncdiff/v1/DenoiseRequest.js';
import type { GenerateRequest } from '../rpc/gen/asyncdiff/v1/GenerateRequest.js';
import type { JobEvent__Output } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { RunReport__Output } from '../rpc/gen/asyncdiff/v1/RunReport.js';
import {
  fromPlanSettingsMessage,
  fromTensorMessage,
  fromTensorMessages,
  toArgumentMessages,
  toPlanSettingsMessage,
  toTensorMessages,
  withJobSettings,
} from '../rpc/index.js';
import type { DenoiseOptions, GenerateOptions, ReplayedRun } from './client-options.js';
import type { JobEvent } from './job-event.js';
import { replayPlan } from './replay.js';
import type { RunReport } from './run-report.js';

export function toGenerateRequest(options: GenerateOptions, jobId: string): GenerateRequest {
  const { plan, signal: _, trace = false, detached = false, samplerOptions, replay, ...request } = options;
  return {
    ...withJobSettings(defined(withoutArguments(request))),
    arguments: toArgumentMessages(request),
    samplerOptions: toJson(samplerOptions),
    trace,
    detached,
    jobId,
    plan: toPlanSettingsMessage(plan),
    replay: toReplayMessage(replay),
  };
}

export function toDenoiseRequest(options: DenoiseOptions, jobId: string): DenoiseRequest {
  const {
    plan,
    signal: _,
    inputs,
    samplerOptions,
    timestepScale,
    joint = [],
    detached = false,
    replay,
    ...request
  } = options;
  return {
    ...withJobSettings(defined(request)),
    samplerOptions: toJson(samplerOptions),
    inputs: toTensorMessages(inputs),
    joint: [...joint],
    ...(timestepScale === undefined ? {} : { timestepScale }),
    detached,
    jobId,
    plan: toPlanSettingsMessage(plan),
    replay: toReplayMessage(replay),
  };
}

/** Throws `protocol_mismatch` for an event of a newer coordinator. */
export function readEvent(message: JobEvent__Output): JobEvent {
  const { jobId } = message;
  if (message.progress) {
    const { step, steps, round, stepsPerSecond, speedup, secondsLeft, driftSum } = message.progress;
    return { type: 'progress', jobId, step, steps, round, stepsPerSecond, speedup, secondsLeft, driftSum };
  }
  if (message.queued) return { type: 'queued', jobId, ...message.queued };
  if (message.preparing) {
    const { stage, fraction, doneBytes, totalBytes, bytesPerSecond, secondsLeft } = message.preparing;
    const bytes = totalBytes > 0 ? { doneBytes, totalBytes, bytesPerSecond, secondsLeft } : undefined;
    return { type: 'preparing', jobId, stage, fraction, bytes };
  }
  if (message.planned) return { type: 'planned', jobId, ...message.planned };
  if (message.preview) return { type: 'preview', jobId, ...message.preview };
  if (message.warning) return { type: 'warning', jobId, ...message.warning };
  if (message.itemOutputs) {
    const { item, outputs } = message.itemOutputs;
    return { type: 'output', jobId, item, outputs: fromTensorMessages(outputs) };
  }
  if (message.stepTensors) {
    const { step, timestep, latents, eps } = message.stepTensors;
    return {
      type: 'step',
      jobId,
      step,
      timestep,
      latents: fromTensorMessage(latents, 'latents'),
      eps: fromTensorMessage(eps, 'noise prediction'),
    };
  }
  if (message.done?.report) {
    const { images, video, audio, latents, jointLatents, states, report, trace } = message.done;
    return {
      type: 'done',
      jobId,
      images,
      video: video ?? undefined,
      audio,
      latents:
        latents === null && report.throughput !== null
          ? zeros('float32', [0])
          : fromTensorMessage(latents, 'final latents'),
      jointLatents: fromTensorMessages(jointLatents),
      outputs: [],
      states: fromTensorMessages(states),
      report: toRunReport(report),
      trace,
    };
  }
  throw new AsyncDiffError(
    'protocol_mismatch',
    'the coordinator sent an event that this client does not know',
  );
}

function toRunReport(report: RunReport__Output): RunReport {
  return {
    ...report,
    throughput: report.throughput ?? undefined,
    settings: chosenSettings(resolvePlanSettings(fromPlanSettingsMessage(report.settings))),
    stages: report.stages.map(toRunReport),
  };
}

/** What has fields of its own in a request. */
function withoutArguments<T extends PipelineArguments>(request: T): Omit<T, keyof PipelineArguments> {
  const names: readonly string[] = ARGUMENT_NAMES;
  return Object.fromEntries(Object.entries(request).filter(([name]) => !names.includes(name))) as never;
}

/** gRPC's types know no `undefined`: a field that was left out must not be there. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function toReplayMessage(run: ReplayedRun | undefined) {
  if (run === undefined) return null;
  const later = (run.stages ?? []).slice(1).map((stage) => ({
    ...identityOf(stage),
    plan: toPlanSettingsMessage(replayPlan(stage)),
  }));
  return { ...identityOf(run), later };
}

function identityOf({ version, predictorId, programId, inputsSha256, runtimes }: ReplayedRun) {
  return { version, predictorId, programId, inputsSha256, runtimes: [...runtimes] };
}

function toJson(options: Readonly<Record<string, unknown>> | undefined): string {
  return options === undefined || Object.keys(options).length === 0 ? '' : JSON.stringify(options);
}

/** The events of a run over a list; `done` has the outputs of all items. */
export async function* withOutputs(
  events: AsyncIterable<JobEvent>,
): AsyncGenerator<JobEvent, void, undefined> {
  const outputs: Readonly<Record<string, Tensor>>[] = [];
  for await (const event of events) {
    if (event.type === 'output') outputs[event.item] = event.outputs;
    yield event.type === 'done' ? { ...event, outputs } : event;
  }
}
