export type { Attempt, AttemptResult } from './attempt.js';
export { denoiseCallerSamples, type StepResult } from './caller-samples.js';
export { castTensor } from './cast-tensor.js';
export type { DenoiseJob } from './denoise-job.js';
export { denoiseSteadily, type SteadyResult } from './denoise-steadily.js';
export { keepsValues, parseDevice, probeDevice, providerHint } from './runtime/index.js';
export { castFloat, isFinite } from './float-ops.js';
export { firstStates } from './first-states.js';
export type { ExecutorEvents } from './executor-events.js';
export { denoiseExecutorSamples, type ExecutorSamplesOptions } from './executor-samples.js';
export { issuedRound, type IssuedRound } from './issued-round.js';
export type { MadeLatents } from './job-sampler.js';
export { jobSchedule, scheduleFrom } from './job-schedule.js';
export { type StartedJob } from './attempt-state.js';
export type { Foresight, LookAheadOptions } from './latents-predictor.js';
export { inputsDigest, tensorDigest } from './job-digest.js';
export { checkReplay, describeRuntimes, type RunIdentity } from './run-identity.js';
export { driftReport, lookAheadNotes, lookAheadOptions, runCost, toleranceOf } from './look-ahead-options.js';
export { type LoadedSegment, loadSegments, releaseSegments } from './load-segments.js';
export { fromOrtData, ortTensor } from './ort-data.js';
export { openOrtSession, type SegmentModel } from './ort-session.js';
export {
  checkCancelled,
  loadOrt,
  openSession,
  requireRuntime,
  type OptimizationLevel,
  SAME_BITS_CONFIG,
} from './runtime/index.js';
export { type PartInfo, PartModel, type ValueInfo } from './part-model.js';
export { ReferenceExecutor } from './reference-executor.js';
export type {
  ExecutionReport,
  JobStart,
  RoundDone,
  SamplingExecutor,
  WorkerExecution,
} from './round-executor.js';
export type { SamplerStart, SamplerState } from './sampler-state.js';
export { innerValues, type SegmentSpec } from './segment-spec.js';
export {
  type DeviceValue,
  isTensor,
  releaseValues,
  type SegmentSession,
  type SessionValue,
} from './session.js';
export { takeLatents, timestepGiven } from './take-latents.js';
export { TaskExecutor } from './task-executor.js';
export { clockMs, type RoundReport, type Span } from './runtime/index.js';
export { RUN_SETTINGS, runSettings } from './run-settings.js';
