import { AsyncDiffError } from '../../common/errors/index.js';
import { hostIdentity } from '../../common/host-identity.js';
import { plannedSettings, type PlanSettings } from '../../common/settings/index.js';
import {
  type Choice,
  type ChoiceSubject,
  isForOne,
  type Plan,
  type PlanRequest,
  withChoice,
} from '../../planner/index.js';
import type { CoordinatorLog } from '../log.js';
import { devicesOf, LinkClasses, type LinkMeter, shareDevice, type WorkerHandle } from '../workers/index.js';
import { Choices } from './choices.js';
import { Plans } from './plans.js';
import type { OnPreparing } from './preparing.js';

export interface DeploymentRequest {
  readonly source: PlanRequest['source'];
  readonly settings: PlanSettings;
  readonly batchRepeat: number;
  /** The job that the configuration is chosen for; needed where the settings bound the error. */
  readonly subject?: ChoiceSubject | undefined;
  readonly workers: readonly WorkerHandle[];
  /** A job goes on after a loss: nothing is measured thoroughly or cut again. */
  readonly isHurried?: boolean | undefined;
}

/** A plan, what it was made from, and the key under which requests share it. */
export interface PlannedRequest {
  readonly plan: Plan;
  readonly planRequest: PlanRequest;
  readonly key: string;
}

interface RequestPlannerOptions {
  readonly workDir: string;
  readonly threads: number;
  readonly log: CoordinatorLog;
  readonly links: LinkMeter;
}

/**
 * Makes the plans of requests. A plan is made once for the same request and workers: its cut, and so the bits of every image, stay the
 * same for as long as the coordinator lives.
 */
export class RequestPlanner {
  readonly #options: RequestPlannerOptions;
  readonly #hostId = hostIdentity().hostId;
  readonly #plans: Plans;
  readonly #choices: Choices;
  readonly #classes: LinkClasses;

  constructor(options: RequestPlannerOptions) {
    this.#options = options;
    this.#choices = new Choices(options.workDir);
    this.#classes = new LinkClasses(options.workDir);
    this.#plans = new Plans((why) => options.log.warn({ why }, 'a kept plan is ignored'));
  }

  /** The plan for a request, without deploying it. */
  async plan(
    request: DeploymentRequest,
    signal?: AbortSignal,
    onPreparing?: OnPreparing,
  ): Promise<PlannedRequest> {
    const roundTrips = await this.#roundTrips(request.workers);
    const links =
      request.settings.dataPath === 'relay' ? [] : await this.#options.links.measure(request.workers, signal);
    const measured: PlanRequest = {
      source: request.source,
      settings: withRecut(request),
      workers: request.workers.map((worker) => ({
        id: worker.id,
        hostId: worker.facts.hostId,
        speed: worker.speed,
        memoryBytes: worker.facts.memoryBytes,
        roundTripMs: roundTrips.get(worker) ?? 0,
      })),
      links,
      batchRepeat: request.batchRepeat,
      subject: request.subject,
      workDir: this.#options.workDir,
      device: request.workers[0]?.facts.device,
      devices: devicesOf(request.workers),
      threads: this.#options.threads,
    };
    const planRequest: PlanRequest = { ...measured, classed: this.#classes.of(measured) };
    const { plan, choice, key } = await this.#chosenPlan(request, planRequest, signal, onPreparing);
    return { plan, planRequest: { ...planRequest, choice }, key };
  }

  /**
   * The plan of what was chosen for such a job before, or of what is chosen now. Jobs for which the same is chosen (of other lengths, say) have
   * one plan, and what was deployed for one serves the others.
   */
  async #chosenPlan(
    request: DeploymentRequest,
    planRequest: PlanRequest,
    signal: AbortSignal | undefined,
    onPreparing: OnPreparing | undefined,
  ): Promise<{ plan: Plan; choice: Choice | undefined; key: string }> {
    const { settings } = request;
    const isOpen = settings.maxError !== 'off';
    const found = isOpen ? await this.#choices.find(planRequest) : undefined;
    const kept = found?.choice;
    const fixedKey = (choice: Choice): string =>
      keyOf({ ...request, settings: { ...settings, ...withChoice(settings, choice) }, subject: undefined });
    if (kept !== undefined) {
      const key = fixedKey(kept);
      const chosen = { ...planRequest, choice: kept };
      try {
        return { plan: await this.#plans.get(key, chosen, signal, onPreparing), choice: kept, key };
      } catch (error) {
        // The workers have less memory than when it was chosen: choose anew.
        if (AsyncDiffError.from(error).code !== 'partition_impossible') throw error;
      }
    }
    // Without a choice the same plan serves jobs of any length.
    const openKey = keyOf(isOpen && !isForOne(planRequest) ? request : { ...request, subject: undefined });
    const plan = await this.#plans.get(openKey, planRequest, signal, onPreparing);
    const { choice } = plan;
    if (choice === undefined || found === undefined) return { plan, choice, key: openKey };
    await this.#choices.keep(found.key, choice).catch((error: unknown) => {
      this.#options.log.warn(
        { error: AsyncDiffError.from(error).message },
        'what was chosen could not be kept',
      );
    });
    const key = fixedKey(choice);
    return { plan: await this.#plans.share(openKey, key), choice, key };
  }

  /** From now on requests of this key have this plan. */
  keep(key: string, plan: Plan): void {
    this.#plans.keep(key, plan);
  }

  /**
   * Of the workers that are not on this host, where loopback's usual cost is taken: a measured one would make the cut, and so the bits, differ from
   * run to run. One that has just joined is waited for. Throws `worker_lost`.
   */
  async #roundTrips(workers: readonly WorkerHandle[]): Promise<ReadonlyMap<WorkerHandle, number>> {
    const others = workers.filter(({ facts }) => facts.hostId !== this.#hostId);
    const entries = others.map(async (worker): Promise<[WorkerHandle, number]> => {
      if (worker.clock.roundTripMs === undefined) await worker.confirm();
      const { roundTripMs } = worker.clock;
      if (roundTripMs === undefined)
        throw worker.loss ?? new AsyncDiffError('worker_lost', `worker ${worker.name} answers no ping`);
      return [worker, roundTripMs];
    });
    return new Map(await Promise.all(entries));
  }
}

/** As asked for; `auto` is off where times differ for other reasons than the devices. */
function withRecut({ settings, workers }: DeploymentRequest): PlanSettings {
  if (settings.recut !== 'auto') return settings;
  return { ...settings, recut: shareDevice(workers) ? 'off' : 'on' };
}

function keyOf({ source, settings, batchRepeat, subject, workers }: DeploymentRequest): string {
  // The id too: a worker that came back has the same name and a new id, and holds nothing.
  const holders = workers.map((worker) => [
    worker.id,
    worker.facts.address,
    worker.facts.device,
    worker.facts.memoryBytes,
    worker.speed,
  ]);
  // Without a bound on the error the plan does not depend on the job: one serves jobs of any length.
  const chosenFor = settings.maxError === 'off' ? undefined : subject;
  return JSON.stringify([source, plannedSettings(settings), batchRepeat, holders, chosenFor]);
}
