import type { AsyncDiffError } from '../../common/errors/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { NoisePrediction__Output } from '../../rpc/gen/asyncdiff/v1/NoisePrediction.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { RoundDone__Output } from '../../rpc/gen/asyncdiff/v1/RoundDone.js';

/** The control stream to a worker, whichever side dialled it. */
export interface WorkerLink {
  send(message: CoordinatorMessage): void;
  /** @param why what the worker is told; undefined for an end in order */
  close(why: AsyncDiffError | undefined): void;
}

/** What the executor of an attempt wants to hear from a worker. Messages of other attempts do not come here. */
export interface JobListener {
  readonly jobId: string;
  readonly attempt: number;
  onNoise(message: NoisePrediction__Output): void;
  onRoundDone(message: RoundDone__Output): void;
  onRelayedFrame(message: RelayedFrame__Output): void;
  onFault(error: AsyncDiffError): void;
}

export interface ArtifactSource {
  /** Streams an artifact's bytes in chunks. */
  read(sha256: string): AsyncIterable<Uint8Array>;
}

/** What goes with a deployment, besides the message. */
export interface DeployAids {
  readonly artifacts: ArtifactSource;
  /** All segments, for the time that opening them may take. */
  readonly sizeBytes: number;
  /** A producer's tensors cannot come (any more), also between jobs. */
  readonly onLinkDown: (producerId: string, why: string) => void;
  /** Bytes of artifacts that the worker has received of those that it asked for, and sessions that it has opened. */
  readonly onProgress?: ((receivedBytes: number, sessionsOpen: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
