import { type Plan, PROCESS_BYTES } from '../../planner/index.js';
import type { PartEstimate } from '../pipeline/index.js';
import { rankOffers } from './part-offers.js';
import { plannedBytes } from './planned-bytes.js';

/** A worker that has nothing to do yet. */
interface FreeWorker {
  readonly id: string;
  readonly memoryBytes: number;
}

/**
 * The worker on which each part of a pipeline would run, by the rule that places it when it runs: what stands before the predictor on workers that
 * have nothing yet, what stands after it beside their components. A part that fits nowhere is left out.
 */
export function placeEstimates(
  parts: readonly PartEstimate[],
  workers: readonly FreeWorker[],
  plan: Pick<Plan, 'memory' | 'placement'>,
): ReadonlyMap<string, string> {
  const placed = new Map<string, string>();
  const openBytes = new Map<string, number>();
  const inOrder = [...parts.filter((one) => !one.isAfter), ...parts.filter((one) => one.isAfter)];
  for (const { part, memoryBytes, isAfter } of inOrder) {
    const needBytes = memoryBytes - PROCESS_BYTES;
    const offers = workers.map((worker) => {
      const taken = Math.max(PROCESS_BYTES, isAfter ? plannedBytes(plan, worker.id) : 0);
      const open = openBytes.get(worker.id) ?? 0;
      return {
        worker: { name: worker.id },
        isOpen: false,
        isBusy: false,
        runs: 0,
        roomBytes: worker.memoryBytes - taken - open,
        // Parts that are open and not in use are closed for it.
        fits: worker.memoryBytes - taken >= needBytes,
      };
    });
    const [best] = rankOffers(offers);
    if (best === undefined) continue;
    const { name } = best.worker;
    placed.set(part, name);
    openBytes.set(name, (openBytes.get(name) ?? 0) + needBytes);
  }
  return placed;
}
