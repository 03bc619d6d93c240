import type { AsyncDiffError } from '../../common/errors/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { NoisePrediction__Output } from '../../rpc/gen/asyncdiff/v1/NoisePrediction.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { RoundDone__Output } from '../../rpc/gen/asyncdiff/v1/RoundDone.js';

/** The control stream to a worker, whichever side dialled it. */
export interface WorkerLink {
  send(message: CoordinatorMessage): void;
  close(): void;
}

/** What the executor of the running job wants to hear from a worker. */
export interface JobListener {
  onNoise(message: NoisePrediction__Output): void;
  onRoundDone(message: RoundDone__Output): void;
  onRelayedFrame(message: RelayedFrame__Output): void;
  onFault(error: AsyncDiffError): void;
}

export interface ArtifactSource {
  /** Streams an artifact's bytes in chunks. */
  read(sha256: string): AsyncIterable<Uint8Array>;
}
