/**
 * How long a worker may take, milliseconds. A worker that takes longer is named and loses its place; the job goes on with the others.
 * The limit of a long round follows from its plan: see `roundLimitMs`.
 */
export interface WorkerLimitsMs {
  /** From the connection to the first message. */
  readonly hello: number;
  /** From one ping to the next. */
  readonly ping: number;
  /** Without any word. Its network thread never computes, so it has no excuse. */
  readonly silence: number;
  /** One link's measurement, which ends by itself after 5 s. */
  readonly probe: number;
  /** From one sign of progress of a deployment to the next: a chunk written, a session opened. */
  readonly deploy: number;
  /** From the start of an attempt to the answer. */
  readonly start: number;
  /** Without a report of a job's rounds, however short they are: a host that is busy, a link that loses packets. */
  readonly round: number;
  /** From the end of an attempt to its report. */
  readonly end: number;
  /** One run of a part of a pipeline: a VAE decodes 1024 x 1024 pixels in 270 s on two CPU cores. */
  readonly part: number;
  /** A question that its network thread answers: a ping that must be answered, what it is at. */
  readonly ask: number;
  /** After a worker was lost: so long it may be about to come back, and a job without any waits for it. */
  readonly rejoin: number;
  /** The same after the coordinator's own start: workers that another one left behind look for it every 5 s at least. */
  readonly join: number;
}

export const WORKER_LIMITS_MS: WorkerLimitsMs = Object.freeze({
  hello: 10_000,
  ping: 400,
  silence: 1_600,
  probe: 8_000,
  deploy: 30_000,
  start: 10_000,
  round: 5_000,
  end: 10_000,
  part: 900_000,
  ask: 2_000,
  rejoin: 3_000,
  join: 6_000,
});

/** Weights are read, hashed and prepared at this rate at least: a session of B bytes has B over this, in seconds, besides {@link WORKER_LIMITS_MS.deploy}. */
export const MIN_OPEN_BYTES_PER_SECOND = 20_000_000;

/** A device that is no CPU compiles its kernels when a session runs first, without a sign of progress: software and TensorRT take minutes. */
const COMPILE_MS = 300_000;

/** The limits of a worker with such a device. */
export function limitsOf(device: string, limitsMs: WorkerLimitsMs): WorkerLimitsMs {
  if (/^(cpu|declared)\b/.test(device)) return limitsMs;
  return { ...limitsMs, deploy: limitsMs.deploy + COMPILE_MS };
}

/** A worker cut off from its coordinator without a word looks for it anew after so many milliseconds. */
export const COORDINATOR_SILENCE_MS = 6_000;
