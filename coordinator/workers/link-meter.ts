import type { PlanLink } from '../../planner/index.js';
import type { WorkerHandle } from './worker-handle.js';

/** Measures the links between workers, each once: one at a time, so that they do not disturb each other. */
export class LinkMeter {
  readonly #known = new Map<string, readonly PlanLink[]>();

  /** Links between workers on different hosts. Those on one host are not measured: loopback is known well enough. */
  async measure(workers: readonly WorkerHandle[]): Promise<PlanLink[]> {
    const links: PlanLink[] = [];
    for (const receiver of workers) {
      for (const producer of workers) {
        if (
          producer === receiver ||
          producer.facts.hostId === receiver.facts.hostId ||
          producer.facts.address === ''
        )
          continue;
        const key = `${producer.id}@${producer.facts.address}>${receiver.id}@${receiver.facts.address}`;
        let measured = this.#known.get(key);
        if (measured === undefined) {
          measured = await receiver.probeLinks([{ workerId: producer.id, address: producer.facts.address }]);
          if (measured.length > 0) this.#known.set(key, measured);
        }
        links.push(...measured);
      }
    }
    return links;
  }
}
