import { randomBytes } from 'node:crypto';
import { throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type Partition, samplingWorker } from '../../program/index.js';
import { placedWorkers, workerOfRun } from '../../program/index.js';
import type { Plan } from '../../planner/index.js';
import type { PartOrder } from '../../protocol/index.js';
import type { Reader } from '../../program/index.js';
import type { ArtifactShelf } from './artifact-shelf.js';
import { type OnPreparing, OpeningProgress } from './preparing.js';
import { DeploymentLinks, type DeploymentLinksOptions } from './deployment-links.js';
import { isHere, neededBy, PartOrders, specsOf } from './part-orders.js';
import type { RelayMeter } from './relay.js';
import type { SegmentTimes } from './predicted-period.js';
import type { Opened, WorkerHandle } from '../workers/index.js';
import { checkDeploymentMove, type DeploymentState } from './deployment-state.js';

interface DeployOptions extends DeploymentLinksOptions {
  /** Names the plan, the coordinator and the count of its deployments: no other deployment has it. */
  readonly deploymentId: string;
  readonly plan: Plan;
  readonly workers: readonly WorkerHandle[];
  /** Where its workers fetch its artifacts. */
  readonly shelf: ArtifactShelf;
  /** Called when `to` cannot reach `from`, at the start or later. */
  readonly onLinkDown: (from: WorkerHandle, to: WorkerHandle, why: string) => void;
  readonly relayMeter: RelayMeter;
  readonly onPreparing?: OnPreparing | undefined;
  /** How its workers time their segments. */
  readonly timing: SegmentTiming;
  readonly signal?: AbortSignal | undefined;
}

/** How segments are timed: in windows of `windowMs` milliseconds (0: the best of three single runs), or not at all where their times are known. */
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
  /** The ways of tensors between its workers. */
  readonly links: DeploymentLinks;
  /** Called once, when no further round can run. */
  onBroken: ((error: AsyncDiffError) => void) | undefined;
  readonly #options: DeployOptions;
  readonly #segmentMs = new Map<string, number>();
  /** 32 random bytes by which its workers admit each other's streams. */
  readonly #secret = randomBytes(32);
  readonly #byId: ReadonlyMap<string, WorkerHandle>;
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
    this.links = new DeploymentLinks(plan, this.workers, options);
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
      links: this.links,
      isReachable: (from, to) => !this.#options.isRelayed(from, to),
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
    return this.links.relayedPairs > 0 && this.links.directPairs.length === 0;
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

  /** Takes it back from its workers. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#go('closed');
    for (const stop of this.#stopListening) stop();
    this.#options.shelf.remove(this.deploymentId);
    for (const worker of this.workers) worker.undeploy(this.deploymentId);
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
