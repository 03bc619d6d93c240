import { isSecret } from '../../common/secret.js';

/** Time that a consumer may be ahead of its producer: both are told of a deployment at once. */
const WAIT_MS = 10_000;
/** Subscriptions that wait for a deployment; the oldest is refused for one more, so that strangers cannot fill the memory. */
const MAX_WAITING = 256;

interface Waiting {
  readonly deploymentId: string;
  readonly settle: () => void;
}

/** What the consumers of each deployment must show: the coordinator gives it to the workers of the deployment and to nobody else. */
export class DeploymentSecrets {
  readonly #secrets = new Map<string, Uint8Array>();
  readonly #waiting = new Set<Waiting>();

  /** The deployment has a part here. An empty secret lets nobody in. */
  admit(deploymentId: string, secret: Uint8Array): void {
    this.#secrets.set(deploymentId, secret);
    for (const waiting of this.#waiting) if (waiting.deploymentId === deploymentId) waiting.settle();
  }

  /** The deployment has no part here any more. */
  forget(deploymentId: string): void {
    this.#secrets.delete(deploymentId);
  }

  /** Whether `shown` is the deployment's secret; for one that is not here yet, once it is. */
  check(deploymentId: string, shown: Uint8Array): boolean | Promise<boolean> {
    if (this.#secrets.has(deploymentId)) return this.#isRight(deploymentId, shown);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        deploymentId,
        settle: () => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(this.#isRight(deploymentId, shown));
        },
      };
      const timer = setTimeout(waiting.settle, WAIT_MS);
      timer.unref();
      this.#waiting.add(waiting);
      const [oldest] = this.#waiting;
      if (this.#waiting.size > MAX_WAITING) oldest?.settle();
    });
  }

  #isRight(deploymentId: string, shown: Uint8Array): boolean {
    return isSecret(this.#secrets.get(deploymentId), shown);
  }
}
