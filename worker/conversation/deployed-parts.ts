import { AsyncDiffError } from '../../common/errors/index.js';
import { type PartOrder, toFault } from '../../protocol/index.js';
import { DeployedPart, type PartContext } from './deployed-part.js';

/** The parts that a coordinator has deployed here, and those whose artifacts are still on their way: each by its deployment's own id. */
export class DeployedParts {
  readonly #context: PartContext;
  readonly #held = new Map<string, DeployedPart>();

  constructor(context: PartContext) {
    this.#context = context;
  }

  get(deploymentId: string): DeployedPart | undefined {
    return this.#held.get(deploymentId);
  }

  /** Gets its artifacts and opens it. Tells the coordinator how it goes. */
  deploy(order: PartOrder): void {
    const { deploymentId } = order;
    // A coordinator has one deployment at a time: what is still here of older ones it has given up, and could not say so.
    for (const older of this.#held.keys()) void this.undeploy(older);
    const part = new DeployedPart(order, this.#context);
    this.#held.set(deploymentId, part);
    void this.#begin(part);
  }

  /** One session more of a deployment is open. */
  opened(deploymentId: string, sessionsOpen: number): void {
    if (this.get(deploymentId)?.state === 'opening')
      this.#context.send({ deployProgress: { deploymentId, sessionsOpen } });
  }

  async undeploy(deploymentId: string): Promise<void> {
    const part = this.#held.get(deploymentId);
    this.#held.delete(deploymentId);
    await part?.close();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#held.keys(), (id) => this.undeploy(id)));
  }

  async #begin(part: DeployedPart): Promise<void> {
    const { deploymentId } = part;
    try {
      await part.collect();
      if (part.state !== 'waiting') return;
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
