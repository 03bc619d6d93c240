import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import type { WireError } from '../../common/wire-error.js';
import type { FileRange } from '../../common/model-file/index.js';
import type { IssuedRound, StartedJob, SamplerState, SegmentSpec } from '../../execution/index.js';
import type { OptimizationLevel } from '../../execution/index.js';
import type { Readers } from './frame-outbox.js';
import type { Measuring } from './measure-segments.js';
import type { VersionedTensor } from '../../program/index.js';
import type { TrafficReport } from './traffic.js';

/** How the inference thread is started (worker_threads' workerData). */
export interface InferenceSettings {
  /** As on the command line: cpu, cuda:0, webgpu, declared:... */
  readonly device: string;
  readonly threads: number;
  /** Factor on declared times; 1 for real devices. */
  readonly timeDilation: number;
  /** Of a {@link TaskClock}. */
  readonly tasks: SharedArrayBuffer;
}

interface SegmentToLoad {
  readonly spec: SegmentSpec;
  /** Path of its graph; empty for a declared device. */
  readonly graphPath: string;
}

/** Calls of the network thread that the inference thread answers. */
export interface InferenceCalls {
  /** Opens the segments' sessions and measures them; milliseconds of one run by segment. */
  readonly load: { readonly argument: PlanToLoad; readonly result: Readonly<Record<string, number>> };
  /** Releases them. Loads and unloads are done one after another, in the order in which they were asked for. */
  readonly unload: { readonly argument: { readonly deploymentId: string }; readonly result: undefined };
  /** Forgets the job and tells what it took. */
  readonly end: {
    readonly argument: { readonly jobId: string; readonly attempt: number };
    readonly result: InferenceReport;
  };
  /** What the thread is at; not answered while it is in a run. */
  readonly state: { readonly argument: undefined; readonly result: InferenceState };
}

export interface InferenceState {
  /** What the oldest task that waits lacks, by name, and the round that it belongs to. */
  readonly missing: readonly string[];
  readonly round: number;
}

export interface PlanToLoad {
  readonly deploymentId: string;
  readonly segments: readonly SegmentToLoad[];
  /** Where the tensors lie that the graphs name, by SHA-256. */
  readonly tensors: ReadonlyMap<string, FileRange>;
  readonly optimizationLevel: OptimizationLevel;
  /** How sessions are timed; undefined: not at all, their times are known. */
  readonly measure: Pick<Measuring, 'windowMs'> | undefined;
  /** Who reads the boundary tensors, and latents, that leave this worker. */
  readonly readers: Readers;
}

/** From the network thread to the inference thread, without an answer. Tensors' memory is transferred. */
export type InferencePost =
  | { readonly type: 'start'; readonly context: StartedJob }
  | {
      readonly type: 'tensor';
      readonly jobId: string;
      readonly attempt: number;
      readonly name: string;
      readonly version: number;
      readonly tensor: Tensor;
    }
  | {
      readonly type: 'round';
      readonly jobId: string;
      readonly attempt: number;
      readonly round: IssuedRound;
      /** Of what is made here in the round, or for it: by worker, what need not be sent there. */
      readonly unread: ReadonlyMap<string, readonly VersionedTensor[]>;
    }
  /** A consumer on this host takes small tensors from this ring file, which is the thread's to close; or does not any more. */
  | {
      readonly type: 'frames-to';
      readonly deploymentId: string;
      readonly consumerId: string;
      readonly fd: number | undefined;
    }
  /** A producer on this host puts small tensors into this ring file, which is the thread's to close. */
  | {
      readonly type: 'frames-from';
      readonly deploymentId: string;
      readonly producerId: string;
      readonly fd: number;
    };

/** What the inference thread knows of a job when it has ended. */
export interface InferenceReport extends TrafficReport {
  readonly computeMs: number;
  readonly waitMs: number;
  readonly segmentMs: Readonly<Record<string, number>>;
}

/** From the inference thread to the network thread. */
export type InferenceEvent =
  | {
      readonly type: 'boundary';
      readonly deploymentId: string;
      readonly meta: TensorMeta;
      readonly tensor: Tensor;
      /** Consumers that it goes to over the network. */
      readonly to: readonly string[];
    }
  | {
      readonly type: 'noise';
      readonly jobId: string;
      readonly attempt: number;
      readonly step: number;
      readonly tensor: Tensor;
    }
  /** An output of a single-pass model. */
  | {
      readonly type: 'output';
      readonly jobId: string;
      readonly attempt: number;
      readonly item: number;
      readonly name: string;
      readonly tensor: Tensor;
    }
  | {
      readonly type: 'round-done';
      readonly jobId: string;
      readonly attempt: number;
      readonly lastStep: number;
      readonly state: SamplerState | undefined;
      /** The job is held there. */
      readonly held: boolean;
    }
  /** A producer's ring made no sense: the plan cannot go on. */
  | {
      readonly type: 'frames-broken';
      readonly deploymentId: string;
      readonly producerId: string;
      readonly error: WireError;
    }
  /** So many sessions of a plan that is being loaded are open. */
  | { readonly type: 'opened'; readonly deploymentId: string; readonly sessions: number }
  | { readonly type: 'fault'; readonly jobId: string; readonly attempt: number; readonly error: WireError };
