import type { Chosen, PlanSettings } from '../common/settings/index.js';

/** What a finished run tells. Times are as measured; on declared devices they are not divided by the dilation. */
export interface RunReport {
  /** Seconds of the rounds alone, from the first one issued to the last one done. */
  readonly seconds: number;
  /** Seconds of the whole job: text encoder, planning if any, rounds, decoding. */
  readonly totalSeconds: number;
  /** T. */
  readonly steps: number;
  /** Rounds, warm-up included. */
  readonly rounds: number;
  /** Median milliseconds of an asynchronous round; 0 if there was none. */
  readonly periodMs: number;
  /** What the plan said of it, milliseconds. */
  readonly predictedPeriodMs: number;
  /** Seconds of the same program on the simulator, with segment times and links as measured; 0 unless asked for. */
  readonly simulatedSeconds: number;
  /** The busiest worker's part of the predictor's compute, 0 to 1: bounds the speed-up at T / (w + (T - w) * share). */
  readonly maxShare: number;
  /** Bytes of boundary tensors over the whole run. */
  readonly bytesBetweenWorkers: number;
  /** What broadcasting every module's output to every worker would move in a round, bytes. */
  readonly broadcastBytesPerRound: number;
  /** Milliseconds of processor that a round cost the coordinator. */
  readonly coordinatorCpuMs: number;
  /** Times that the job went on after a worker was lost. */
  readonly restarts: number;
  /**
   * With look-ahead, by step: how far its latents were from their prediction, root mean square over that of the latents. Negative where none
   * was made. Above `tolerance` a step was made in order; early ones sooner where that was left to asyncdiff (docs/quality.md).
   */
  readonly drifts: readonly number[];
  /** Their squares, summed over the steps that did not run in order: bounds the error of the latents, over their variance, in most cases. */
  readonly driftSum: number;
  /** Indexes of the steps that ran in order. */
  readonly inOrderSteps: readonly number[];
  /** Those of them that did because the latents had drifted. */
  readonly heldSteps: readonly number[];
  /** What a user should know of the prediction, in words. */
  readonly notes: readonly string[];
  /** Version of asyncdiff. With `predictorId`, `programId`, `inputsSha256`, `runtimes` and `inOrderSteps` it decides the bits of the latents. */
  readonly version: string;
  /** Content address of the predictor at its shapes; empty for declared devices. */
  readonly predictorId: string;
  /** Content address of how the predictor was cut and which latents and tensors its parts read. */
  readonly programId: string;
  /** SHA-256 of what the predictor was given: latents, conditioning, sampler, timesteps. */
  readonly inputsSha256: string;
  /** What each component ran on. */
  readonly runtimes: readonly string[];
  /** SHA-256 of the final latents. */
  readonly latentsSha256: string;
  /** Times that the job went on with another program after a loss: such a run cannot be repeated. */
  readonly programChanges: number;
  /** How often the predictor was cut again on times that its workers measured (`recut`), for this job or for an earlier one. */
  readonly recutTurns: number;
  /** Content address of the plan: the same plan gives the same bits. */
  readonly planId: string;
  /** Values that end a segment, in order. */
  readonly cuts: readonly string[];
  /** As the job ran: what was chosen stands in place of `auto`. */
  readonly settings: Chosen<PlanSettings>;
  /** Whether the devices took published times instead of computing. */
  readonly declared: boolean;
  /** Declared devices: factor on the declared times. */
  readonly timeDilation: number;
  readonly workers: readonly WorkerReport[];
  /**
   * Of a job that several predictors make one after another (Wan 2.2): the report of each one's part. What decides the bits stands above as the first
   * one's, what is counted as that of all together. Empty elsewhere.
   */
  readonly stages: readonly RunReport[];
  /** Of a run over a list, whose steps are items; undefined elsewhere. */
  readonly throughput: Throughput | undefined;
}

/** Items a second, planning and sending left out. */
export interface Throughput {
  /** Measured, from the first item that was done to the last one; of one item, of all of its time. */
  readonly itemsPerSecond: number;
  /** From the times of the model's parts as the workers measured them, the links, and the states that go back. */
  readonly predictedItemsPerSecond: number;
  /** Of one worker with the whole model, from the same times. */
  readonly oneWorkerItemsPerSecond: number;
}

/** What one worker did in a run. */
export interface WorkerReport {
  readonly workerId: string;
  /** For people. */
  readonly name: string;
  /** `cpu`, `cuda:0`, ... */
  readonly device: string;
  /** Components that it held, from 1. */
  readonly components: readonly number[];
  /** Milliseconds inside of its sessions. */
  readonly computeMs: number;
  /** Milliseconds that it waited for inputs. */
  readonly waitMs: number;
  /** Bytes of boundary tensors that it sent. */
  readonly sentBytes: number;
  /** Its part of the compute of a round, 0 to 1 of all workers' together, as planned. */
  readonly plannedShare: number;
  /** The same as it timed its sessions when the plan was deployed; 0 where it is not known. */
  readonly measuredShare: number;
}
