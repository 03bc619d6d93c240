import { AsyncDiffError } from '../../common/errors/index.js';
import { toFault } from '../../protocol/index.js';
import type { ArtifactChunk__Output } from '../../rpc/gen/asyncdiff/v1/ArtifactChunk.js';
import type { Deploy__Output } from '../../rpc/gen/asyncdiff/v1/Deploy.js';
import { DeployedPart, type PartContext } from './deployed-part.js';
import { IncomingArtifacts } from './incoming-artifacts.js';

interface Held {
  readonly part: DeployedPart;
  readonly incoming: IncomingArtifacts;
}

/** The parts that a coordinator has deployed here, and those whose artifacts are still on their way: each by its deployment's own id. */
export class DeployedParts {
  readonly #context: PartContext;
  readonly #held = new Map<string, Held>();

  constructor(context: PartContext) {
    this.#context = context;
  }

  get(deploymentId: string): DeployedPart | undefined {
    return this.#held.get(deploymentId)?.part;
  }

  /** Opens it, or asks for the artifacts that are not on disk and opens it when they are. Tells the coordinator how it went. */
  deploy(message: Deploy__Output): void {
    const { deploymentId } = message;
    // A coordinator has one deployment at a time: what is still here of older ones it has given up, and could not say so.
    for (const older of this.#held.keys()) void this.undeploy(older);
    const part = new DeployedPart(message, this.#context);
    const held = {
      part,
      incoming: new IncomingArtifacts(this.#context.cache, (sha256, range) => part.take(sha256, range)),
    };
    this.#held.set(deploymentId, held);
    void this.#begin(held);
  }

  /** Of a deployment that is not there any more it does nothing. */
  async takeArtifact({
    deploymentId,
    sha256,
    offsetBytes,
    data,
    last,
  }: ArtifactChunk__Output): Promise<void> {
    const held = this.#held.get(deploymentId);
    if (held?.part.state !== 'waiting') return;
    const { part, incoming } = held;
    try {
      const isAll = await incoming.take({ sha256, offsetBytes, data, last });
      if (part.state !== 'waiting') return;
      this.#context.send({ deployProgress: { deploymentId, receivedBytes: incoming.receivedBytes } });
      for (const damaged of incoming.takeDamaged())
        this.#context.send({ needArtifacts: { deploymentId, sha256: [damaged] } });
      if (isAll) await this.#open(part);
    } catch (error) {
      this.#failed(part, error);
    }
  }

  /** One session more of a deployment is open. */
  opened(deploymentId: string, sessionsOpen: number): void {
    if (this.get(deploymentId)?.state === 'opening')
      this.#context.send({ deployProgress: { deploymentId, sessionsOpen } });
  }

  async undeploy(deploymentId: string): Promise<void> {
    const held = this.#held.get(deploymentId);
    this.#held.delete(deploymentId);
    await Promise.all([held?.part.close(), held?.incoming.close()]);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#held.keys(), (id) => this.undeploy(id)));
  }

  async #begin({ part, incoming }: Held): Promise<void> {
    const { deploymentId } = part;
    try {
      const missing = await part.locate();
      if (part.state !== 'waiting') return;
      incoming.expect(missing);
      if (missing.length === 0) await this.#open(part);
      else this.#context.send({ needArtifacts: { deploymentId, sha256: missing } });
    } catch (error) {
      this.#failed(part, error);
    }
  }

  async #open(part: DeployedPart): Promise<void> {
    const { deploymentId } = part;
    try {
      const segmentMs = await part.open();
      this.#context.send({
        deployed: { deploymentId, segmentMs: { ...segmentMs }, memoryBytes: process.memoryUsage.rss() },
      });
    } catch (error) {
      this.#failed(part, error);
    }
  }

  /** Nothing of it is kept. One that was given up meanwhile has nothing to tell. */
  #failed(part: DeployedPart, error: unknown): void {
    const { deploymentId, state } = part;
    void this.undeploy(deploymentId);
    if (state === 'closed') return;
    this.#context.send({ fault: toFault(AsyncDiffError.from(error, 'worker_failed'), { deploymentId }) });
  }
}
