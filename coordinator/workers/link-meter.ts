import type { PlanLink } from '../../planner/index.js';
import type { PairHealth } from './pair-health.js';
import type { WorkerHandle } from './worker-handle.js';

/** Measures the links between workers, each once: one at a time, so that they do not disturb each other. */
export class LinkMeter {
  readonly #known = new Map<string, PlanLink>();
  readonly #pairs: PairHealth;

  constructor(pairs: PairHealth) {
    this.#pairs = pairs;
  }

  /**
   * Links between workers on different hosts; those that do not work are left out, and remembered. Those on one host are not
   * measured: loopback is known well enough. Throws `worker_lost` for a worker that goes meanwhile.
   */
  async measure(workers: readonly WorkerHandle[], signal?: AbortSignal): Promise<PlanLink[]> {
    const links: PlanLink[] = [];
    for (const receiver of workers) {
      for (const producer of workers) {
        if (producer === receiver || producer.facts.hostId === receiver.facts.hostId) continue;
        if (!this.#pairs.isReachable(producer, receiver)) continue;
        const link = await this.#measure(producer, receiver, signal);
        if (link !== undefined) links.push(link);
      }
    }
    return links;
  }

  async #measure(
    producer: WorkerHandle,
    receiver: WorkerHandle,
    signal: AbortSignal | undefined,
  ): Promise<PlanLink | undefined> {
    const key = `${producer.id}@${producer.facts.address}>${receiver.id}@${receiver.facts.address}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const peer = { workerId: producer.id, address: producer.facts.address };
    const [link] = await receiver.probeLinks([peer], signal);
    if (link !== undefined && link.bytesPerSecond > 0) {
      this.#known.set(key, link);
      return link;
    }
    // Not the link's fault where the other end is gone.
    if (!(await producer.confirm()) && producer.loss !== undefined) throw producer.loss;
    this.#pairs.failed(producer, receiver);
    return undefined;
  }
}
