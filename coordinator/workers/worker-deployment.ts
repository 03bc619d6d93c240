import { AsyncDiffError } from '../../common/errors/index.js';
import { type PartOrder, toDeployMessage } from '../../protocol/index.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { MIN_OPEN_BYTES_PER_SECOND, type WorkerLimitsMs } from './limits.js';
import type { WorkerAsks } from './worker-asks.js';
import type { DeployAids, Opened, WorkerLink } from './worker-link.js';
import { wordsOf } from './worker-words.js';

interface Held {
  readonly deploymentId: string;
  readonly aids: DeployAids;
}

/** The deployment that a worker holds, or is being given. */
export class WorkerDeployment {
  readonly #asks: WorkerAsks;
  readonly #limitsMs: WorkerLimitsMs;
  readonly #link: Pick<WorkerLink, 'send' | 'openSupply'>;
  #held: Held | undefined;

  constructor(asks: WorkerAsks, limitsMs: WorkerLimitsMs, link: Pick<WorkerLink, 'send' | 'openSupply'>) {
    this.#asks = asks;
    this.#limitsMs = limitsMs;
    this.#link = link;
  }

  /** Gives the worker its part; resolves when its sessions are open and its producers are connected. */
  async begin(order: PartOrder, generation: number, aids: DeployAids): Promise<Opened> {
    const { deploymentId, artifacts } = order;
    this.#held = { deploymentId, aids };
    const sizeBytes = artifacts.reduce((sum, artifact) => sum + artifact.sizeBytes, 0);
    const opened = this.#asks.ask<Opened>(`deployed/${deploymentId}`, {
      task: 'open its part of the plan',
      withinMs: this.#limitsMs.deploy + (sizeBytes / MIN_OPEN_BYTES_PER_SECOND) * 1000,
      signal: aids.signal,
    });
    this.#link.send({ deploy: toDeployMessage(order, generation) });
    return opened;
  }

  /** Takes it back; false if the worker was not known to have it. What it still says of it does nothing. */
  end(deploymentId: string): boolean {
    this.#link.send({ undeploy: { deploymentId } });
    if (this.#held?.deploymentId !== deploymentId) return false;
    this.#held = undefined;
    this.fail(deploymentId, new AsyncDiffError('cancelled', 'the deployment was given up'));
    return true;
  }

  /** The worker could not open it. */
  fail(deploymentId: string, error: AsyncDiffError): void {
    this.#asks.fail(`deployed/${deploymentId}`, error);
  }

  /** The worker is gone. */
  forget(): void {
    this.#held = undefined;
  }

  /** A message about a deployment; false for any other. */
  take({ needArtifacts, deployProgress, linkDown }: WorkerMessage__Output): boolean {
    if (needArtifacts) {
      this.#aidsOf(needArtifacts)?.onNeed(needArtifacts.sizeBytes, this.#link.openSupply);
    } else if (deployProgress) {
      this.#asks.progress(`deployed/${deployProgress.deploymentId}`);
      this.#aidsOf(deployProgress)?.onProgress?.(deployProgress);
    } else if (linkDown) this.#aidsOf(linkDown)?.onLinkDown(linkDown.producerId, wordsOf(linkDown.message));
    else return false;
    return true;
  }

  #aidsOf({ deploymentId }: { readonly deploymentId: string }): DeployAids | undefined {
    return this.#held?.deploymentId === deploymentId ? this.#held.aids : undefined;
  }
}
