import { abortable } from '../../common/abort.js';
import type { AsyncDiffError } from '../../common/errors/index.js';
import { hostIdentity } from '../../common/host-identity.js';
import { fileState } from '../../common/model-file/index.js';
import { plannedSettings, type PlanSettings } from '../../common/settings/index.js';
import { type Plan, type PlanRequest, planInThread } from '../../planner/index.js';
import { Deployment } from './deployment.js';
import { LinkMeter } from '../workers/index.js';
import type { CoordinatorLog } from '../log.js';
import type { WorkerHandle } from '../workers/index.js';

export interface DeploymentRequest {
  readonly source: PlanRequest['source'];
  readonly settings: PlanSettings;
  readonly batchRepeat: number;
  readonly workers: readonly WorkerHandle[];
}

/** Plans that are kept: a benchmark goes back and forth between a few. */
const KEPT_PLANS = 32;

/**
 * Makes plans and keeps the current one deployed. A plan is made once for the same request and workers: its cut, and so
 * the bits of every image, stay the same for as long as the coordinator lives.
 */
export class Deployments {
  readonly #workDir: string;
  readonly #threads: number;
  readonly #log: CoordinatorLog;
  readonly #links = new LinkMeter();
  readonly #hostId = hostIdentity().hostId;
  readonly #plans = new Map<string, Promise<Plan>>();
  #current: { readonly key: string; readonly deployment: Deployment } | undefined;

  constructor(options: { workDir: string; threads: number; log: CoordinatorLog }) {
    this.#workDir = options.workDir;
    this.#threads = options.threads;
    this.#log = options.log;
  }

  /** The plan for a request, without deploying it. */
  async plan(
    request: DeploymentRequest,
    signal?: AbortSignal,
  ): Promise<{ plan: Plan; planRequest: PlanRequest }> {
    const key = keyOf(request);
    const links = request.settings.dataPath === 'relay' ? [] : await this.#links.measure(request.workers);
    const planRequest: PlanRequest = {
      source: request.source,
      settings: request.settings,
      workers: request.workers.map((worker) => ({
        id: worker.id,
        hostId: worker.facts.hostId,
        speed: worker.speed,
        // On this host loopback's usual cost is taken: a measured one would make the cut, and so the bits, differ from run to run.
        roundTripMs: worker.facts.hostId === this.#hostId ? 0 : worker.clock.roundTripMs,
      })),
      links,
      batchRepeat: request.batchRepeat,
      workDir: this.#workDir,
      threads: this.#threads,
    };
    let made = this.#plans.get(key);
    if (made !== undefined && !(await isCurrent(made))) {
      this.#plans.delete(key);
      made = undefined;
    }
    if (made === undefined) {
      // Not under the signal of this call: others may come to wait for the same plan.
      made = planInThread(planRequest);
      this.#plans.set(key, made);
      made.catch(() => this.#plans.delete(key));
      const oldest = this.#plans.keys().next().value;
      if (this.#plans.size > KEPT_PLANS && oldest !== undefined) this.#plans.delete(oldest);
    }
    return { plan: await abortable(made, signal), planRequest };
  }

  /** The deployed plan for a request: the current one if it fits, else a new one in its place. */
  async deploy(
    request: DeploymentRequest,
    signal?: AbortSignal,
  ): Promise<{ deployment: Deployment; planRequest: PlanRequest }> {
    const key = keyOf(request);
    const { plan, planRequest } = await this.plan(request, signal);
    if (
      this.#current?.key === key &&
      this.#current.deployment.plan === plan &&
      this.#current.deployment.alive
    )
      return { deployment: this.#current.deployment, planRequest };
    this.drop();
    const deployment = await Deployment.create({ plan, workers: request.workers });
    this.#current = { key, deployment };
    this.#log.info(
      {
        plan: plan.planId,
        components: plan.partition.components.length,
        workers: deployment.workers.map(({ name }) => name),
        microCuts: plan.settings.microCuts,
        lag: plan.settings.lag,
      },
      'plan deployed',
    );
    return { deployment, planRequest };
  }

  /** Takes the current plan off its workers: after a failure nothing of it is trusted. */
  drop(why?: AsyncDiffError): void {
    if (why !== undefined)
      this.#log.warn({ plan: this.#current?.deployment.planId, reason: why.message }, 'plan dropped');
    this.#current?.deployment.close();
    this.#current = undefined;
  }
}

/** Whether a plan that was made, or is being made, is one of the files that are there now: a model may be written anew under its name. */
async function isCurrent(made: Promise<Plan>): Promise<boolean> {
  const plan = await made.catch(() => undefined);
  const states = await Promise.all((plan?.sources ?? []).map(async ({ path }) => fileState(path)));
  return states.every(({ state }, at) => state === plan?.sources[at]?.state);
}

function keyOf({ source, settings, batchRepeat, workers }: DeploymentRequest): string {
  // Handles are new after a worker has come back, and then hold nothing: the name alone would not tell.
  const holders = workers.map((worker) => [
    worker.id,
    worker.facts.address,
    worker.facts.device,
    worker.speed,
  ]);
  return JSON.stringify([source, plannedSettings(settings), batchRepeat, holders]);
}
