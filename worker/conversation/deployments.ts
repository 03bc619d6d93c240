import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import { toFault } from '../../protocol/index.js';
import type { ArtifactChunk__Output } from '../../rpc/gen/asyncdiff/v1/ArtifactChunk.js';
import type { Deploy__Output } from '../../rpc/gen/asyncdiff/v1/Deploy.js';
import { Deployment, type DeploymentContext } from './deployment.js';

/** The plans that a coordinator has deployed here, and those whose segments are still on their way. */
export class Deployments {
  readonly #context: DeploymentContext;
  readonly #open = new Map<string, Deployment>();
  readonly #waiting = new Map<string, { deployment: Deployment; missing: Set<string> }>();
  /** Deployments and artifacts are taken in order, one after another. */
  #chain: Promise<void> = Promise.resolve();

  constructor(context: DeploymentContext) {
    this.#context = context;
  }

  get(planId: string): Deployment | undefined {
    return this.#open.get(planId);
  }

  /** Opens it, or asks for the artifacts that are not on disk and opens it when they are. Tells the coordinator how it went. */
  deploy(message: Deploy__Output): void {
    const { send, onLost } = this.#context;
    const deployment = new Deployment(message, {
      ...this.#context,
      onLost: (planId, error) => {
        deployment.broken = error;
        onLost(planId, error);
      },
    });
    this.#enqueue(async () => {
      const { planId } = deployment;
      const missing = await deployment.locate();
      if (missing.length === 0) return this.#start(deployment);
      this.#waiting.set(planId, { deployment, missing: new Set(missing) });
      send({ needArtifacts: { planId, sha256: missing } });
    });
  }

  takeArtifact(chunk: ArtifactChunk__Output): void {
    this.#enqueue(() => this.#write(chunk));
  }

  undeploy(planId: string): void {
    this.#enqueue(async () => this.#close(planId));
  }

  async close(): Promise<void> {
    await this.#chain;
    for (const planId of this.#open.keys()) this.#close(planId);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#chain = this.#chain.then(work).catch((error: unknown) => {
      this.#context.send({ fault: toFault(AsyncDiffError.from(error, 'worker_failed')) });
    });
  }

  async #write({ sha256, offsetBytes, data, last }: ArtifactChunk__Output): Promise<void> {
    let range: FileRange | undefined;
    try {
      range = await this.#context.cache.write(sha256, offsetBytes, data, last);
      if (range === undefined) return;
    } catch (error) {
      for (const [planId, waiting] of this.#waiting)
        if (waiting.missing.has(sha256)) this.#failed(planId, error);
      return;
    }
    for (const [planId, { deployment, missing }] of this.#waiting) {
      if (missing.delete(sha256)) deployment.take(sha256, range);
      if (missing.size > 0) continue;
      this.#waiting.delete(planId);
      await this.#start(deployment);
    }
  }

  async #start(deployment: Deployment): Promise<void> {
    const { planId } = deployment;
    this.#open.set(planId, deployment);
    try {
      const segmentMs = await deployment.open();
      this.#context.send({
        deployed: { planId, segmentMs: { ...segmentMs }, memoryBytes: process.memoryUsage.rss() },
      });
    } catch (error) {
      this.#close(planId);
      this.#failed(planId, error);
    }
  }

  #failed(planId: string, error: unknown): void {
    this.#waiting.delete(planId);
    this.#context.send({ fault: toFault(AsyncDiffError.from(error, 'worker_failed'), { planId }) });
  }

  #close(planId: string): void {
    this.#waiting.delete(planId);
    this.#open.get(planId)?.close();
    this.#open.delete(planId);
  }
}
