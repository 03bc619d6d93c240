import type { Tensor } from '../common/tensor/index.js';
import type { JobProgram, Round } from '../program/index.js';
import type { PredictorInputs } from './denoise-job.js';
import type { MadeLatents } from './job-sampler.js';
import type { SamplerStart, SamplerState } from './sampler-state.js';
import type { RoundReport, Span } from './runtime/index.js';

/** What an attempt of a job needs to begin on an executor. */
export interface JobStart extends PredictorInputs {
  readonly jobId: string;
  /** Record spans. */
  readonly trace: boolean;
  /** For an executor that runs the sampler itself, beside the caller's. */
  readonly sampler: SamplerStart;
}

/** Where the time and the bytes of a finished job went, by worker. */
export interface ExecutionReport {
  readonly workers: readonly WorkerExecution[];
}

export interface WorkerExecution {
  readonly workerId: string;
  readonly computeMs: number;
  readonly waitMs: number;
  /** Bytes of boundary tensors that it sent, by the worker that they went to. */
  readonly sentBytes: Readonly<Record<string, number>>;
  /** Mean time of each segment over asynchronous rounds, milliseconds. */
  readonly segmentMs: Readonly<Record<string, number>>;
  /** On this process's clock (see clockMs). */
  readonly spans: readonly Span[];
}

/**
 * Executes the rounds of one job at a time. Two implementations give the same bits: the reference executor (in this
 * process, in order) and the distributed one (coordinator/).
 */
export interface RoundExecutor {
  start(job: JobStart): Promise<void>;
  /** Rounds come in order; a round may be issued before the latents of its first step exist. */
  issue(round: Round, report: RoundReport): void;
  /** Program that it executes. */
  readonly program: JobProgram;
  /** Latents, known or predicted, scaled for the model input, [batch, channels, ...], float32, not repeated. */
  latents(made: MadeLatents): void;
  /** Resolves with the guided noise prediction of a step, float32; rejects when the job cannot go on. */
  noisePrediction(step: number): Promise<Tensor>;
  /** Ends the job. @param isDone whether it was finished: one that was not has nothing to report, and nothing in progress is waited for */
  finish(isDone: boolean): Promise<ExecutionReport>;
}

/** What is told of a round that is done. */
export interface RoundDone {
  readonly state: SamplerState | undefined;
  /** The job is held where the state says, after this round or an earlier one: none of those issued after it is run. */
  readonly held: boolean;
}

/** An executor that can take the sampler's steps itself: see denoiseExecutorSamples. */
export interface SamplingExecutor extends RoundExecutor {
  /**
   * Resolves when a round that ends with this step is done, with the sampler's state if the round was issued with `checkpoint`; rejects when
   * the job cannot go on. For rounds that were issued with `progress` or `checkpoint`.
   */
  roundDone(lastStep: number): Promise<RoundDone>;
}
