import type { Metadata } from '@grpc/grpc-js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import type { ItemOutput__Output } from '../../rpc/gen/asyncdiff/v1/ItemOutput.js';
import type { IncomingFrame, SendToWorker, SupplyStream } from '../../rpc/streams/index.js';
import type { NoisePrediction__Output } from '../../rpc/gen/asyncdiff/v1/NoisePrediction.js';
import type { RoundDone__Output } from '../../rpc/gen/asyncdiff/v1/RoundDone.js';

/** The control stream to a worker, whichever side dialled it. */
export interface WorkerLink {
  /** @param sizeBytes its payload, for {@link drained} */
  readonly send: SendToWorker;
  /** Resolves when the network has taken all but so many bytes of what was sent; throws when it takes no more. */
  drained(atMostBytes: number): Promise<void>;
  /** @param why what the worker is told; undefined for an end in order */
  close(why: AsyncDiffError | undefined): void;
  /** Dials the worker once more, for artifacts; undefined where it has dialled, and fetches them itself. */
  readonly openSupply?: ((metadata: Metadata) => SupplyStream) | undefined;
}

/** What the executor of an attempt wants to hear from a worker. Messages of other attempts do not come here. */
export interface JobListener {
  readonly jobId: string;
  readonly attempt: number;
  onNoise(message: NoisePrediction__Output): void;
  onRoundDone(message: RoundDone__Output): void;
  onOutput?(message: ItemOutput__Output): void;
  onRelayedFrame(message: RelayedFrame): void;
  onRelayCredit(message: RelayCredit): void;
  onFault(error: AsyncDiffError): void;
}

/** What goes with a deployment, besides the message. */
export interface DeployAids {
  /** The worker lacks so many bytes of its artifacts, and fetches them; one that was dialled has to be given a stream for it. */
  readonly onNeed: (sizeBytes: number, openSupply: WorkerLink['openSupply']) => void;
  /** A producer's tensors cannot come (any more), also between jobs. */
  readonly onLinkDown: (producerId: string, why: string) => void;
  readonly onProgress?: ((progress: OpeningStep) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What has moved while a worker opens its part; the rest is 0. */
export interface OpeningStep {
  readonly receivedBytes: number;
  readonly checkedBytes: number;
  readonly toCheckBytes: number;
  readonly sessionsOpen: number;
}

/** A worker has its part of a deployment open. */
export interface Opened {
  /** Milliseconds of one run of each segment. */
  readonly segmentMs: Readonly<Record<string, number>>;
}

/** What a worker is at. */
export interface WorkerProgress {
  /** Beginnings and ends of tasks. */
  readonly moves: number;
  /** Since the last of them. */
  readonly stillMs: number;
  /** Processor time of its process, where its device is the processor; else 0. */
  readonly processorMs: number;
  /** Whether its inference thread is in a run. */
  readonly computing: boolean;
  /** What the oldest task that waits lacks, of this round. */
  readonly missing: readonly string[];
  readonly round: number;
  readonly waits: readonly string[];
}

/** A frame of a tensor that goes from one worker to others through the coordinator. */
export interface RelayedFrame {
  readonly toWorkerIds: readonly string[];
  readonly fromWorkerId: string;
  readonly frame: IncomingFrame | null;
}

/** A consumer has taken over so many bytes of what that worker sent it through the coordinator. */
export interface RelayCredit {
  readonly workerId: string;
  readonly bytes: number;
}
