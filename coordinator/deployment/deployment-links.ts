import type { Plan } from '../../planner/index.js';
import { type Routes, routeTensors } from '../../program/index.js';
import { relayWindowBytes } from '../../rpc/streams/index.js';
import type { WorkerHandle } from '../workers/index.js';

export interface DeploymentLinksOptions {
  /** Whether what `from` makes goes to `to` through the coordinator. */
  readonly isRelayed: (from: WorkerHandle, to: WorkerHandle) => boolean;
  /** What all of it may have on its way through the coordinator. */
  readonly relayedBytes: number;
}

/** The ways of tensors between the workers of a deployment, as they were when it was made: what is found out later is for the next one. */
export class DeploymentLinks {
  /** Where every worker's boundary tensors go. */
  readonly routes: Routes;
  /** Producers and consumers with a link of their own, and the number of those whose tensors go through the coordinator. */
  readonly directPairs: readonly (readonly [WorkerHandle, WorkerHandle])[];
  readonly relayedPairs: number;
  /** What a worker may have on its way through the coordinator to another one. */
  readonly relayWindowBytes: number;
  readonly #byId: ReadonlyMap<string, WorkerHandle>;
  readonly #direct: ReadonlySet<string>;

  constructor(
    { partition, placement, settings }: Pick<Plan, 'partition' | 'placement' | 'settings'>,
    workers: readonly WorkerHandle[],
    { isRelayed, relayedBytes }: DeploymentLinksOptions,
  ) {
    this.#byId = new Map(workers.map((worker) => [worker.id, worker]));
    const hostOf = (id: string): string => this.#byId.get(id)?.facts.hostId ?? id;
    const { stride, lookAhead } = settings;
    this.routes = routeTensors(partition, placement, hostOf, lookAhead === 'on' ? { stride } : undefined);
    const pairs = workers.flatMap((to) => {
      const producers = this.routes.byWorker.get(to.id)?.producers ?? [];
      return producers
        .flatMap((id) => this.#byId.get(id) ?? [])
        .map((from): readonly [WorkerHandle, WorkerHandle] => [from, to]);
    });
    this.directPairs = pairs.filter(([from, to]) => !isRelayed(from, to));
    this.#direct = new Set(this.directPairs.map(([from, to]) => pairKey(from, to)));
    this.relayedPairs = pairs.length - this.directPairs.length;
    this.relayWindowBytes = relayWindowBytes(this.relayedPairs, relayedBytes);
  }

  /** Whether tensors of `from` go to `to` on a link of their own. */
  isDirect(from: WorkerHandle, to: WorkerHandle): boolean {
    return this.#direct.has(pairKey(from, to));
  }

  /** Whether the plan sends tensors of this name from one worker to another through the coordinator. */
  isRelayed(name: string, from: WorkerHandle, to: WorkerHandle): boolean {
    const isRouted = this.routes.byWorker.get(from.id)?.outgoing.get(name)?.has(to.id) === true;
    return isRouted && !this.isDirect(from, to);
  }

  /** The worker that a worker has a tensor from; undefined where it has it from nobody, or from the coordinator. */
  producerOf(name: string, consumerId: string): WorkerHandle | undefined {
    for (const [from, { outgoing }] of this.routes.byWorker)
      if (outgoing.get(name)?.has(consumerId) === true) return this.#byId.get(from);
    return undefined;
  }
}

function pairKey(from: Pick<WorkerHandle, 'id'>, to: Pick<WorkerHandle, 'id'>): string {
  return JSON.stringify([from.id, to.id]);
}
