import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { KeptPlans, type Plan, type PlanRequest, planInProcess, rememberTimes } from '../../planner/index.js';
import { ArtifactShelf } from './artifact-shelf.js';
import { Deployment, type SegmentTiming } from './deployment.js';
import { KnownSegmentTimes } from './known-segment-times.js';
import { plannedBytes } from './planned-bytes.js';
import type { OnPreparing } from './preparing.js';
import { cutAgain } from './recut.js';
import { RelayMeter } from './relay.js';
import { type DeploymentRequest, type PlannedRequest, RequestPlanner } from './request-planner.js';
import { devicesOf, LinkMeter, PairHealth } from '../workers/index.js';
import type { CoordinatorLog } from '../log.js';
import type { WorkerHandle } from '../workers/index.js';

/** Windows in which sessions are timed that another cut may follow from: long beside the periods of a processor quota, a tenth of a second. */
const WINDOW_MS = 400;

/**
 * Keeps the plan of the present request deployed.
 */
export class Deployments {
  /** Graphs and tensors that workers may fetch. */
  readonly shelf = new ArtifactShelf();
  /** Bytes of relayed tensors that are held here. */
  readonly relayMeter = new RelayMeter();
  /** Hears, before a plan is deployed, what it takes of each worker's memory. */
  onDeploy: ((worker: WorkerHandle, bytes: number) => void) | undefined;
  readonly #workDir: string;
  readonly #log: CoordinatorLog;
  readonly #relayedBytes: number;
  readonly #pairs = new PairHealth();
  readonly #planner: RequestPlanner;
  readonly #times: KnownSegmentTimes;
  /** Plans that are not cut again any more. */
  readonly #final = new WeakSet<Plan>();
  /** Tells this coordinator's deployments from those of one that was here before it. */
  readonly #name = randomBytes(4).toString('hex');
  #generation = 0;
  #current: { readonly key: string; readonly deployment: Deployment } | undefined;
  #opening: AbortController | undefined;
  readonly #checks = new Set<Promise<void>>();

  constructor(options: { workDir: string; threads: number; log: CoordinatorLog; relayedBytes: number }) {
    this.#workDir = options.workDir;
    this.#times = new KnownSegmentTimes(join(options.workDir, 'times'));
    this.#planner = new RequestPlanner({ ...options, links: new LinkMeter(this.#pairs) });
    this.#log = options.log;
    this.#relayedBytes = options.relayedBytes;
  }

  /** The plan for a request, without deploying it. */
  plan(request: DeploymentRequest, signal?: AbortSignal, onPreparing?: OnPreparing): Promise<PlannedRequest> {
    return this.#planner.plan(request, signal, onPreparing);
  }

  /** The deployed plan for a request: the current one if it fits and is whole, else a new one in its place. */
  async deploy(
    request: DeploymentRequest,
    signal?: AbortSignal,
    onPreparing?: OnPreparing,
  ): Promise<{ deployment: Deployment; planRequest: PlanRequest }> {
    const { plan, planRequest, key } = await this.plan(request, signal, onPreparing);
    const isFinal = request.isHurried === true || this.#isFinal(plan);
    if (
      this.#current?.key === key &&
      this.#current.deployment.plan === plan &&
      this.#current.deployment.alive &&
      isFinal
    )
      return { deployment: this.#current.deployment, planRequest };
    const open = (one: Plan): Promise<Deployment> => this.#open(key, one, request, signal, onPreparing);
    const first = await open(plan);
    if (isFinal) return { deployment: first, planRequest };
    const deployment = await cutAgain(first, {
      planRequest,
      planWith: (knownTimes) =>
        planInProcess({ ...planRequest, knownTimes }, { signal, onProgress: onPreparing }),
      open,
      onTurn: (turn) => this.#log.info({ plan: first.planId, ...turn }, 'cut again on measured times'),
    });
    return { deployment: await this.#settled(key, deployment, planRequest), planRequest };
  }

  async #open(
    key: string,
    plan: Plan,
    request: DeploymentRequest,
    signal: AbortSignal | undefined,
    onPreparing: OnPreparing | undefined,
  ): Promise<Deployment> {
    this.drop();
    for (const worker of request.workers) this.onDeploy?.(worker, plannedBytes(plan, worker.id));
    const opening = new AbortController();
    this.#opening = opening;
    this.#generation += 1;
    const devices = devicesOf(request.workers);
    const deployment = await Deployment.create({
      deploymentId: `${plan.planId}-${this.#name}-${this.#generation}`,
      plan,
      workers: request.workers,
      shelf: this.shelf,
      relayMeter: this.relayMeter,
      relayedBytes: this.#relayedBytes,
      onPreparing,
      timing: await this.#timingOf(plan, devices, request),
      isRelayed: (from, to) => plan.settings.dataPath === 'relay' || !this.#pairs.isReachable(from, to),
      onLinkDown: (from, to, why) => this.#linkDown(from, to, why),
      signal: signal === undefined ? opening.signal : AbortSignal.any([signal, opening.signal]),
    });
    this.#opening = undefined;
    this.#current = { key, deployment };
    if (!plan.declared) void this.#times.keep(plan.planId, devices, deployment.segmentMs);
    this.#log.info(
      {
        plan: plan.planId,
        deployment: deployment.deploymentId,
        components: plan.settings.components,
        workers: deployment.workers.map(({ name }) => name),
        microCuts: plan.settings.microCuts,
        lag: plan.settings.lag,
        relayedPairs: deployment.links.relayedPairs,
      },
      'plan deployed',
    );
    return deployment;
  }

  /** Long windows where another cut may follow from the times; no timing where they are known. */
  async #timingOf(
    plan: Plan,
    devices: readonly string[],
    { isHurried = false }: DeploymentRequest,
  ): Promise<SegmentTiming> {
    if (!this.#isFinal(plan) && !isHurried) return { windowMs: WINDOW_MS };
    const known = plan.declared ? undefined : await this.#times.get(plan.planId, devices);
    return known === undefined ? { windowMs: 0 } : { known };
  }

  #isFinal(plan: Plan): boolean {
    return plan.timed === undefined || plan.timed.known.isSettled || this.#final.has(plan);
  }

  /** Keeps its cut, in memory and on disk: it is not cut again. */
  async #settled(key: string, deployment: Deployment, planRequest: PlanRequest): Promise<Deployment> {
    const { plan } = deployment;
    const { timed } = plan;
    if (timed === undefined) return deployment;
    const known = { ...timed.known, isSettled: true };
    rememberTimes(this.#workDir, timed, known);
    this.#final.add(plan);
    this.#planner.keep(key, plan);
    const kept = { ...plan, timed: { ...timed, known } };
    await new KeptPlans(this.#workDir).keep(planRequest, kept, planRequest.choice);
    return deployment;
  }

  /** Memory that a worker's part of the present plan takes, estimated; 0 without one. */
  deployedBytes(workerId: string): number {
    return this.#current === undefined ? 0 : plannedBytes(this.#current.deployment.plan, workerId);
  }

  /** Takes the present plan off its workers where no job runs on it; whether there was one. */
  giveUpIdle(): boolean {
    const { workers = [] } = this.#current?.deployment ?? {};
    if (workers.length === 0 || workers.some(({ state }) => state === 'busy')) return false;
    this.drop();
    return true;
  }

  /** Nothing came from one worker to another in time: the next deployment sends it through the coordinator. */
  linkFailed(from: WorkerHandle, to: WorkerHandle): void {
    this.#pairs.failed(from, to);
  }

  /** A job was done on it: what its workers failed at before is forgiven. */
  worked({ links }: Deployment): void {
    for (const [from, to] of links.directPairs) this.#pairs.worked(from, to);
  }

  /** Resolves when it is known of every link that broke whether one of its workers is gone. */
  async settle(): Promise<void> {
    await Promise.all(this.#checks);
  }

  /** Where one of the two is gone, the link is not to blame. */
  #linkDown(from: WorkerHandle, to: WorkerHandle, why: string): void {
    this.#log.warn({ from: from.name, to: to.name, error: why }, 'link between workers is down');
    const check = Promise.all([from.confirm(), to.confirm()]).then((there) => {
      if (there.every(Boolean)) this.#pairs.failed(from, to);
      this.#checks.delete(check);
    });
    this.#checks.add(check);
  }

  /** Takes the current plan off its workers, also one that is still being deployed: after a failure nothing of it is trusted. */
  drop(why?: AsyncDiffError): void {
    if (why !== undefined)
      this.#log.warn({ plan: this.#current?.deployment.planId, reason: why.message }, 'plan dropped');
    this.#opening?.abort(new AsyncDiffError('cancelled', 'another plan is deployed'));
    this.#opening = undefined;
    this.#current?.deployment.close();
    this.#current = undefined;
  }
}
