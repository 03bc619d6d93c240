import { hostIdentity } from '../../common/host-identity.js';
import type { Plan } from '../../planner/index.js';
import type { PartArtifact, PartOrder, Peer } from '../../protocol/index.js';
import type { WorkerHandle } from '../workers/index.js';
import { type SupplyPlan, supplyPlan } from './artifact-suppliers.js';
import type { DeploymentLinks } from './deployment-links.js';

interface PartOrdersOptions {
  readonly deploymentId: string;
  readonly plan: Plan;
  /** Those that hold a part. */
  readonly workers: readonly WorkerHandle[];
  readonly links: DeploymentLinks;
  /** Whether `to` can fetch artifacts from `from`. */
  readonly isReachable: (from: WorkerHandle, to: WorkerHandle) => boolean;
  readonly measure: PartOrder['measure'];
  readonly secret: Uint8Array;
}

/** What every worker of a deployment is to have: its segments, where tensors come from and go to, and who gives artifacts to whom. */
export class PartOrders {
  readonly #options: PartOrdersOptions;
  readonly #byId: ReadonlyMap<string, WorkerHandle>;
  readonly #supplies: SupplyPlan;

  constructor(options: PartOrdersOptions) {
    this.#options = options;
    this.#byId = new Map(options.workers.map((worker) => [worker.id, worker]));
    this.#supplies = this.#planSupplies();
  }

  of(worker: WorkerHandle): PartOrder {
    const { deploymentId, plan, links, measure, secret } = this.#options;
    const { routes, relayWindowBytes } = links;
    const { outgoing = new Map(), producers = [] } = routes.byWorker.get(worker.id) ?? {};
    const own = this.#supplies.suppliers.get(worker.id) ?? new Map<string, string>();
    const peers = (ids: Iterable<string>): Peer[] =>
      Array.from(ids).flatMap((id) => {
        const from = this.#byId.get(id);
        return from === undefined ? [] : [this.#peer(from, worker)];
      });
    return {
      deploymentId,
      segments: specsOf(plan, worker.id),
      routes: outgoing,
      relayedTo: new Set([...outgoing.values()].flatMap((to) => this.#relayed(worker, to.keys()))),
      relayWindowBytes,
      clock: routes.clock,
      producers: peers(producers),
      artifacts: artifactsOf(plan, worker, own),
      suppliers: peers(new Set(own.values())),
      gives: [...(this.#supplies.gives.get(worker.id) ?? [])],
      optimizationLevel: plan.settings.optimizationLevel,
      measure,
      secret,
    };
  }

  /** Who gives artifacts to whom, where workers reach each other. */
  #planSupplies(): SupplyPlan {
    const { plan, workers, isReachable } = this.#options;
    const parties = workers.map((worker) => ({
      id: worker.id,
      needs: neededBy(plan, worker.id),
      holds: worker.holds,
      readsFiles: isHere(worker),
    }));
    const of = (id: string): WorkerHandle => this.#byId.get(id) as WorkerHandle;
    return supplyPlan(
      parties,
      (sha256) => plan.artifacts.get(sha256)?.lengthBytes ?? 0,
      (from, to) => of(from).facts.address !== '' && isReachable(of(from), of(to)),
    );
  }

  #relayed(from: WorkerHandle, consumers: Iterable<string>): string[] {
    return Array.from(consumers).filter((id) => {
      const to = this.#byId.get(id);
      return to === undefined || !this.#options.links.isDirect(from, to);
    });
  }

  #peer(from: WorkerHandle, to: WorkerHandle): Peer {
    return {
      workerId: from.id,
      address: from.facts.address,
      sameHost: from.facts.hostId === to.facts.hostId,
      relay: !this.#options.links.isDirect(from, to),
    };
  }
}

/** The artifacts of a worker's part; with their place for a worker on this host. */
function artifactsOf(
  plan: Plan,
  worker: WorkerHandle,
  suppliers: ReadonlyMap<string, string>,
): PartArtifact[] {
  const readsFiles = isHere(worker);
  return [...neededBy(plan, worker.id)].flatMap((sha256) => {
    const range = plan.artifacts.get(sha256);
    if (range === undefined) return [];
    const { path, offsetBytes, lengthBytes } = range;
    const supplier = suppliers.get(sha256);
    return [
      {
        sha256,
        sizeBytes: lengthBytes,
        suppliers: supplier === undefined ? [] : [supplier],
        file: readsFiles ? { path, offsetBytes, lengthBytes } : undefined,
      },
    ];
  });
}

/** The graphs of a worker's segments and the tensors that they name, each once. */
export function neededBy(plan: Plan, workerId: string): ReadonlySet<string> {
  const graphs = new Set(specsOf(plan, workerId).map(({ sha256 }) => sha256));
  return new Set([...graphs].flatMap((sha256) => [sha256, ...(plan.artifacts.get(sha256)?.tensors ?? [])]));
}

/** Whether it is on this host, and reads this process's files. */
export function isHere({ facts }: WorkerHandle): boolean {
  return facts.hostId === hostIdentity().hostId;
}

export function specsOf(plan: Plan, workerId: string): Plan['specs'] {
  return plan.specs.filter((spec) => plan.placement[spec.component - 1]?.includes(workerId));
}
