import { randomBytes } from 'node:crypto';
import { throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type Partition, samplingWorker } from '../../program/index.js';
import { placedWorkers, type Routes, routeTensors, workerOfRun } from '../../program/index.js';
import type { Plan } from '../../planner/index.js';
import type { PartOrder } from '../../protocol/index.js';
import { relayWindowBytes } from '../../rpc/streams/index.js';
import type { Reader } from '../../program/index.js';
import type { ArtifactShelf } from './artifact-shelf.js';
import { type OnPreparing, OpeningProgress } from './preparing.js';
import { isHere, neededBy, PartOrders, specsOf } from './part-orders.js';
import type { RelayMeter } from './relay.js';
import type { SegmentTimes } from './predicted-period.js';
import type { Opened, WorkerHandle } from '../workers/index.js';
import { checkDeploymentMove, type DeploymentState } from './deployment-state.js';

export interface DeployOptions {
  /** Of this deployment alone. */
  readonly deploymentId: string;
  readonly plan: Plan;
  readonly workers: readonly WorkerHandle[];
  /** Where its workers fetch its artifacts. */
  readonly shelf: ArtifactShelf;
  /** Whether what `from` makes goes to `to` through the coordinator. */
  readonly isRelayed: (from: WorkerHandle, to: WorkerHandle) => boolean;
  /** `to` cannot reach `from` (any more). */
  readonly onLinkDown: (from: WorkerHandle, to: WorkerHandle, why: string) => void;
  readonly relayMeter: RelayMeter;
  /** What all pairs together may have on their way through the coordinator. */
  readonly relayedBytes: number;
  readonly onPreparing?: OnPreparing | undefined;
  /** How its workers time their segments. */
  readonly timing: SegmentTiming;
  readonly signal?: AbortSignal | undefined;
}

/** How segments are timed: in windows of so many milliseconds (0: a run each, the best of three), or not at all where it is known what they take. */
export type SegmentTiming = { readonly windowMs: number } | { readonly known: SegmentTimes };

/** One deployment of a plan on its workers. It has an id of its own, by which everything late of an older one is told from it. */
export class Deployment {
  readonly deploymentId: string;
  readonly plan: Plan;
  /** Workers that hold a part, in the order of their components. */
  readonly workers: readonly WorkerHandle[];
  /** Workers that read the latents. */
  readonly sampleReaders: readonly WorkerHandle[];
  /** The worker that runs the sampler, and gives the latents to those that read them; none with replicas of component N. */
  readonly samplingWorkerId: string | undefined;
  /** Where every worker's boundary tensors go. */
  readonly routes: Routes;
  /** Producers and consumers with a link of their own, and the number of those whose tensors go through the coordinator. */
  readonly directPairs: readonly (readonly [WorkerHandle, WorkerHandle])[];
  readonly relayedPairs: number;
  /** What a worker may have on its way through the coordinator to another one. */
  readonly relayWindowBytes: number;
  /** Hears it when no further round can run. */
  onBroken: ((error: AsyncDiffError) => void) | undefined;
  readonly #options: DeployOptions;
  readonly #segmentMs = new Map<string, number>();
  /** What its workers show each other. */
  readonly #secret = randomBytes(32);
  readonly #byId: ReadonlyMap<string, WorkerHandle>;
  /** As they were when it was made: what is found out later is for the next one. */
  readonly #direct: ReadonlySet<string>;
  #state: DeploymentState = 'opening';
  #stopListening: (() => void)[] = [];

  private constructor(options: DeployOptions) {
    const { plan, deploymentId } = options;
    this.#options = options;
    this.deploymentId = deploymentId;
    this.plan = plan;
    const given = new Map(options.workers.map((worker) => [worker.id, worker]));
    this.workers = placedWorkers(plan.placement).map((id) => {
      const worker = given.get(id);
      if (worker === undefined)
        throw new AsyncDiffError('worker_lost', `worker ${id} left while the plan was made`);
      return worker;
    });
    this.#byId = new Map(this.workers.map((worker) => [worker.id, worker]));
    const { stride, lookAhead } = plan.settings;
    this.routes = routeTensors(
      plan.partition,
      plan.placement,
      (id) => given.get(id)?.facts.hostId ?? id,
      lookAhead === 'on' ? { stride } : undefined,
    );
    const pairs = this.workers.flatMap((to) =>
      this.#producersOf(to).map((from): readonly [WorkerHandle, WorkerHandle] => [from, to]),
    );
    this.directPairs = pairs.filter(([from, to]) => !options.isRelayed(from, to));
    this.#direct = new Set(this.directPairs.map(([from, to]) => pairKey(from, to)));
    this.relayedPairs = pairs.length - this.directPairs.length;
    this.relayWindowBytes = relayWindowBytes(this.relayedPairs, options.relayedBytes);
    this.samplingWorkerId = samplingWorker(plan.partition, plan.placement);
    this.sampleReaders = this.workers.filter((worker) =>
      specsOf(plan, worker.id).some((spec) => spec.sampleInput !== ''),
    );
  }

  /**
   * Sends every worker its segments and waits until all are ready; if one fails, it is taken back from all.
   * Throws `worker_lost` where a worker is gone, else what one of them says: `peer_unreachable`, `provider_unavailable`, `model_invalid`.
   */
  static async create(options: DeployOptions): Promise<Deployment> {
    const deployment = new Deployment(options);
    try {
      await deployment.#open();
      return deployment;
    } catch (error) {
      deployment.close();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const sessions = this.workers.map(({ id }): [string, number] => {
      const own = specsOf(this.plan, id).map(({ session }) => session);
      return [id, new Set(own).size];
    });
    const progress = new OpeningProgress(new Map(sessions), this.#options.onPreparing ?? (() => undefined));
    const { signal, timing } = this.#options;
    const orders = new PartOrders({
      deploymentId: this.deploymentId,
      plan: this.plan,
      workers: this.workers,
      routes: this.routes,
      isDirect: (from, to) => this.#direct.has(pairKey(from, to)),
      isReachable: (from, to) => !this.#options.isRelayed(from, to),
      relayWindowBytes: this.relayWindowBytes,
      measure: 'known' in timing ? undefined : timing,
      secret: this.#secret,
    });
    this.#options.shelf.add(this.deploymentId, { secret: this.#secret, artifacts: this.plan.artifacts });
    if ('known' in timing) for (const [key, ms] of timing.known) this.#segmentMs.set(key, ms);
    const failed = new AbortController();
    const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const errors: AsyncDiffError[] = [];
    await Promise.all(
      this.workers.map(async (worker) => {
        try {
          const answer = await this.#deployTo(worker, orders.of(worker), progress, either);
          for (const [segment, ms] of Object.entries(answer.segmentMs))
            this.#segmentMs.set(`${worker.id}/${segment}`, ms);
          if (!isHere(worker)) for (const sha256 of neededBy(this.plan, worker.id)) worker.holds.add(sha256);
        } catch (thrown) {
          const error = AsyncDiffError.from(thrown, 'worker_failed');
          errors.push(error);
          // Pairs that cannot reach each other are all wanted; anything else ends the others at once.
          if (error.code !== 'peer_unreachable') failed.abort(error);
        }
      }),
    );
    throwIfAborted(signal);
    const error =
      errors.find(({ code }) => code === 'worker_lost') ??
      errors.find(({ code }) => code !== 'peer_unreachable') ??
      errors[0];
    if (error !== undefined) throw error;
    this.#stopListening = this.workers.map((worker) => worker.onLoss((error) => this.#break(error)));
    this.#go('ready');
  }

  #deployTo(
    worker: WorkerHandle,
    order: PartOrder,
    progress: OpeningProgress,
    signal: AbortSignal,
  ): Promise<Opened> {
    const { onLinkDown, shelf } = this.#options;
    return worker.deploy(order, {
      onNeed: (neededBytes, openSupply) => {
        progress.need(worker.id, neededBytes);
        if (openSupply !== undefined) shelf.offer(this.deploymentId, openSupply);
      },
      onLinkDown: (producerId, why) => {
        const from = this.#byId.get(producerId);
        if (from !== undefined) onLinkDown(from, worker, why);
        this.#break(new AsyncDiffError('worker_lost', why));
      },
      onProgress: (one) => progress.update(worker.id, one),
      signal,
    });
  }

  get state(): DeploymentState {
    return this.#state;
  }

  /** Time of one run of each segment, measured by its worker, milliseconds; key `<worker id>/<segment id>`. */
  get segmentMs(): ReadonlyMap<string, number> {
    return this.#segmentMs;
  }

  /** Whether everything goes through the coordinator. */
  get relay(): boolean {
    return this.relayedPairs > 0 && this.directPairs.length === 0;
  }

  /** Whether the plan sends tensors of this name from one worker to another through the coordinator. */
  isRelayed(name: string, from: WorkerHandle, to: WorkerHandle): boolean {
    const isRouted = this.routes.byWorker.get(from.id)?.outgoing.get(name)?.has(to.id) === true;
    return isRouted && !this.#direct.has(pairKey(from, to));
  }

  get relayMeter(): RelayMeter {
    return this.#options.relayMeter;
  }

  get planId(): string {
    return this.plan.planId;
  }

  get partition(): Partition {
    return this.plan.partition;
  }

  /** Whether a job can run. */
  get alive(): boolean {
    return this.#state === 'ready' && this.workers.every((worker) => worker.state === 'ready');
  }

  worker(id: string): WorkerHandle | undefined {
    return this.#byId.get(id);
  }

  /** The worker that runs a task. */
  workerOf({ component, run }: Reader): WorkerHandle {
    return this.#byId.get(workerOfRun(this.plan.placement, component, run)) as WorkerHandle;
  }

  /** The segments that a worker holds. */
  specsOf(workerId: string): Plan['specs'] {
    return specsOf(this.plan, workerId);
  }

  /** Conditioning inputs that a worker's segments read. */
  conditioningOf(workerId: string): ReadonlySet<string> {
    return new Set(specsOf(this.plan, workerId).flatMap((spec) => spec.conditioning));
  }

  /** The worker that a worker has a tensor from; undefined where it has it from nobody, or from the coordinator. */
  producerOf(name: string, consumerId: string): WorkerHandle | undefined {
    for (const [from, { outgoing }] of this.routes.byWorker)
      if (outgoing.get(name)?.has(consumerId) === true) return this.#byId.get(from);
    return undefined;
  }

  /** Takes it back from its workers. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#go('closed');
    for (const stop of this.#stopListening) stop();
    this.#options.shelf.remove(this.deploymentId);
    for (const worker of this.workers) worker.undeploy(this.deploymentId);
  }

  #producersOf(worker: WorkerHandle): WorkerHandle[] {
    const ids = this.routes.byWorker.get(worker.id)?.producers ?? [];
    return ids.flatMap((id) => this.#byId.get(id) ?? []);
  }

  #go(next: DeploymentState): void {
    checkDeploymentMove(this.#state, next);
    this.#state = next;
  }

  #break(error: AsyncDiffError): void {
    if (this.#state !== 'ready') return;
    this.#go('broken');
    this.onBroken?.(error);
  }
}

function pairKey(from: Pick<WorkerHandle, 'id'>, to: Pick<WorkerHandle, 'id'>): string {
  return JSON.stringify([from.id, to.id]);
}
