import { AsyncDiffError } from '../../common/errors/index.js';
import { hostIdentity } from '../../common/host-identity.js';
import { type Partition, samplingWorker } from '../../program/index.js';
import { placedWorkers, type Routes, routeTensors, workerOfRun } from '../../program/index.js';
import type { Plan } from '../../planner/index.js';
import { toRouteMessage, toSegmentMessage } from '../../protocol/index.js';
import type { Reader } from '../../program/index.js';
import type { Artifact } from '../../rpc/gen/asyncdiff/v1/Artifact.js';
import { artifactSource } from './artifact-source.js';
import type { WorkerHandle } from '../workers/index.js';

export interface DeployOptions {
  readonly plan: Plan;
  readonly workers: readonly WorkerHandle[];
}

/** A plan on its workers: every session open, every connection between workers made. */
export class Deployment {
  readonly plan: Plan;
  /** Boundary tensors travel through the coordinator. */
  readonly relay: boolean;
  /** Workers that hold a part, in the order of their components. */
  readonly workers: readonly WorkerHandle[];
  /** Workers that read the latents. */
  readonly sampleReaders: readonly WorkerHandle[];
  /** The worker that runs the sampler, and gives the latents to those that read them; none with replicas of component N. */
  readonly samplingWorkerId: string | undefined;
  /** Time of one run of each segment, measured by its worker, milliseconds; key `<worker id>/<segment id>`. */
  readonly segmentMs: ReadonlyMap<string, number>;
  /** Where every worker's boundary tensors go. */
  readonly routes: Routes;
  readonly #byId: ReadonlyMap<string, WorkerHandle>;

  private constructor(
    options: DeployOptions,
    workers: readonly WorkerHandle[],
    segmentMs: ReadonlyMap<string, number>,
    routes: Routes,
  ) {
    this.plan = options.plan;
    this.relay = options.plan.settings.dataPath === 'relay';
    this.workers = workers;
    this.segmentMs = segmentMs;
    this.routes = routes;
    this.samplingWorkerId = samplingWorker(this.plan.partition, this.plan.placement);
    this.#byId = new Map(workers.map((worker) => [worker.id, worker]));
    this.sampleReaders = workers.filter((worker) =>
      specsOf(this.plan, worker.id).some((spec) => spec.sampleInput !== ''),
    );
  }

  /**
   * Sends every worker its segments and waits until all are ready.
   * Throws what the first worker that fails says: `provider_unavailable`, `peer_unreachable`, `model_invalid`, `worker_lost`.
   */
  static async create(options: DeployOptions): Promise<Deployment> {
    const { plan } = options;
    const { dataPath, optimizationLevel } = plan.settings;
    const byId = new Map(options.workers.map((worker) => [worker.id, worker]));
    const workers = placedWorkers(plan.placement).map((id) => {
      const worker = byId.get(id);
      if (worker === undefined)
        throw new AsyncDiffError('worker_lost', `worker ${id} left while the plan was made`);
      return worker;
    });
    const routes = routeTensors(plan.partition, plan.placement, (id) => byId.get(id)?.facts.hostId ?? id);
    const source = artifactSource(plan.artifacts);
    const segmentMs = new Map<string, number>();
    const results = await Promise.allSettled(
      workers.map(async (worker) => {
        const { outgoing = [], producers = [] } = routes.byWorker.get(worker.id) ?? {};
        const answer = await worker.deploy(
          {
            planId: plan.planId,
            segments: specsOf(plan, worker.id).map(toSegmentMessage),
            routes: [...outgoing].map(([name, targets]) => toRouteMessage(name, targets)),
            ...routes.clock,
            producers: producers.map((id) => {
              const { address = '', hostId } = byId.get(id)?.facts ?? {};
              return { workerId: id, address, sameHost: hostId === worker.facts.hostId };
            }),
            artifacts: artifactsOf(plan, worker),
            relay: dataPath === 'relay',
            optimizationLevel,
          },
          source,
        );
        for (const [segment, ms] of Object.entries(answer.segmentMs))
          segmentMs.set(`${worker.id}/${segment}`, ms);
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      for (const worker of workers) worker.undeploy(plan.planId);
      throw AsyncDiffError.from(failed.reason, 'worker_failed');
    }
    return new Deployment(options, workers, segmentMs, routes);
  }

  get planId(): string {
    return this.plan.planId;
  }

  get partition(): Partition {
    return this.plan.partition;
  }

  /** Whether a job can run: no worker is lost or holds something else. */
  get alive(): boolean {
    return this.workers.every((worker) => worker.state === 'ready');
  }

  worker(id: string): WorkerHandle | undefined {
    return this.#byId.get(id);
  }

  /** The worker that runs a task. */
  workerOf({ component, run }: Reader): WorkerHandle {
    return this.#byId.get(workerOfRun(this.plan.placement, component, run)) as WorkerHandle;
  }

  /** Conditioning inputs that a worker's segments read. */
  conditioningOf(workerId: string): ReadonlySet<string> {
    return new Set(specsOf(this.plan, workerId).flatMap((spec) => spec.conditioning));
  }

  close(): void {
    for (const worker of this.workers) worker.undeploy(this.planId);
  }
}

/** The graphs of a worker's segments and the tensors that they name, each once; with their place for a worker on this host. */
function artifactsOf(plan: Plan, { id, facts }: WorkerHandle): Artifact[] {
  const isHere = facts.hostId === hostIdentity().hostId;
  const graphs = new Set(specsOf(plan, id).map(({ sha256 }) => sha256));
  const names = new Set(
    [...graphs].flatMap((sha256) => [sha256, ...(plan.artifacts.get(sha256)?.tensors ?? [])]),
  );
  return [...names].flatMap((sha256) => {
    const range = plan.artifacts.get(sha256);
    if (range === undefined) return [];
    const { path, offsetBytes, lengthBytes: sizeBytes } = range;
    return [{ sha256, sizeBytes, ...(isHere && { path, offsetBytes }) }];
  });
}

function specsOf(plan: Plan, workerId: string): Plan['specs'] {
  return plan.specs.filter((spec) => plan.placement[spec.component - 1]?.includes(workerId));
}
