import { AsyncDiffError } from '../../common/errors/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { ArtifactSource } from './worker-link.js';

/** Sent and not yet written by the worker: pings and tasks wait behind no more than this. */
const MAX_IN_FLIGHT_BYTES = 4 << 20;

/** Sends a worker the artifacts of one deployment, as fast as it writes them. */
export class ArtifactSender {
  readonly #deploymentId: string;
  readonly #source: ArtifactSource;
  readonly #send: (message: CoordinatorMessage) => void;
  #chain: Promise<void> = Promise.resolve();
  #sentBytes = 0;
  #writtenBytes = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(deploymentId: string, source: ArtifactSource, send: (message: CoordinatorMessage) => void) {
    this.#deploymentId = deploymentId;
    this.#source = source;
    this.#send = send;
  }

  /** Sends these after those that were asked for before. */
  request(hashes: readonly string[], onFailed: (error: AsyncDiffError) => void): void {
    this.#chain = this.#chain.then(async () => {
      try {
        for (const sha256 of hashes) await this.#sendOne(sha256);
      } catch (error) {
        onFailed(AsyncDiffError.from(error));
      }
    });
  }

  /** The worker has written so many bytes in all. */
  written(bytes: number): void {
    this.#writtenBytes = Math.max(this.#writtenBytes, bytes);
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async #sendOne(sha256: string): Promise<void> {
    const deploymentId = this.#deploymentId;
    let offsetBytes = 0;
    let previous: Uint8Array | undefined;
    // One chunk behind, so that the last one can be marked.
    for await (const chunk of this.#source.read(sha256)) {
      if (previous !== undefined) {
        this.#send({ artifactChunk: { deploymentId, sha256, offsetBytes, data: previous, last: false } });
        offsetBytes += previous.length;
      }
      previous = chunk;
      this.#sentBytes += chunk.length;
      await this.#room();
      if (this.#isClosed) return;
    }
    const data = previous ?? new Uint8Array(0);
    this.#send({ artifactChunk: { deploymentId, sha256, offsetBytes, data, last: true } });
  }

  async #room(): Promise<void> {
    while (!this.#isClosed && this.#sentBytes - this.#writtenBytes > MAX_IN_FLIGHT_BYTES)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}
