import { abortable, throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { clockMs, firstStates, type WorkerExecution } from '../../execution/index.js';
import {
  type Deployment,
  type DeploymentRequest,
  ItemExecutor,
  type NamedTensors,
  roundLimitMs,
} from '../deployment/index.js';
import type { WorkerHandle } from '../workers/index.js';
import type { ItemGroup, ItemsRequest } from './item-list.js';
import { itemRates, type ItemRates } from './item-rates.js';
import { lossOf, Losses } from './losses.js';
import type { JobContext } from './job-context.js';

/** Items in progress beside those that fill the components: a component that has finished finds the next one there. */
const ITEMS_AHEAD = 2;
/** Items from one look at the states to the next: what a lost worker costs besides the items in progress. */
const ITEMS_PER_CHECKPOINT = 32;

/** What a list has come to so far, through groups and attempts. */
export interface ItemProgress {
  /** Attempts that were begun, of all groups. */
  attempts: number;
  restarts: number;
}

export interface ItemRunHandlers {
  /** The workers that are there. Throws `no_workers`. */
  readonly workers: () => Promise<readonly WorkerHandle[]>;
  readonly onPreparing: DeploymentHandlers['onPreparing'];
  readonly onDeployed: (deployment: Deployment, rates: ItemRates, loss: AsyncDiffError | undefined) => void;
  /** An item is done; the next one waits for the returned promise. @param item its place in the list */
  readonly onItem: (item: number, outputs: NamedTensors) => Promise<void> | undefined;
}

type DeploymentHandlers = { readonly onPreparing: Parameters<JobContext['deployments']['plan']>[2] };

export interface GroupRun {
  readonly deployment: Deployment;
  readonly rates: ItemRates;
  readonly workers: readonly WorkerExecution[];
  /** From the first item issued to the last one done, of the attempt that ended it. */
  readonly seconds: number;
  /** Times at which items were done, of that attempt. */
  readonly doneMs: readonly number[];
  /** After the last item, by the value's name. */
  readonly states: NamedTensors;
}

/** How far the items of one shape are, through attempts. */
class GroupProgress {
  /** The item to go on with. */
  from = 0;
  /** What it reads, by the value's name; undefined where it is the first, or nothing is carried. */
  carried: NamedTensors | undefined;
  /** Items that the client has heard of. */
  readonly told = new Set<number>();
  readonly #isCarrying: boolean;
  readonly #items: number;

  constructor(items: number, isCarrying: boolean) {
    this.#items = items;
    this.#isCarrying = isCarrying;
  }

  /** Whether the states after this item are told with its outputs. */
  isCheckpoint(at: number): boolean {
    return this.#isCarrying && (at === this.#items - 1 || (at + 1) % ITEMS_PER_CHECKPOINT === 0);
  }

  /** @param states after the item */
  done(at: number, states: NamedTensors): void {
    if (this.isCheckpoint(at)) this.carried = states;
    if (this.isCheckpoint(at) || !this.#isCarrying) this.from = at + 1;
  }
}

/**
 * Runs the items of one shape, as many at a time as there are components. An item that was in progress when a worker was lost is done
 * again, from its beginning; with states, from the last item after which they were told.
 */
export async function runGroup(
  request: ItemsRequest,
  { places }: ItemGroup,
  planned: Omit<DeploymentRequest, 'workers'>,
  context: JobContext,
  progress: ItemProgress,
  handlers: ItemRunHandlers,
): Promise<GroupRun> {
  const { deployments, phases, signal, jobId } = context;
  const group = new GroupProgress(places.length, request.states.length > 0);
  const losses = new Losses((error, isGivenUp) => context.lost(error, isGivenUp));
  for (;;) {
    let deployment: Deployment | undefined;
    try {
      const placed = { ...planned, workers: await handlers.workers(), isHurried: losses.last !== undefined };
      await phases.time('plan', () => deployments.plan(placed, signal, handlers.onPreparing));
      const deployed = await phases.time('send', () =>
        deployments.deploy(placed, signal, handlers.onPreparing),
      );
      deployment = deployed.deployment;
      const rates = itemRates(deployment, deployed.planRequest);
      handlers.onDeployed(deployment, rates, losses.last);
      const inFlight = deployment.partition.components.length + ITEMS_AHEAD;
      const executor = new ItemExecutor(
        deployment,
        {
          jobId,
          attempt: progress.attempts++,
          firstItem: group.from,
          items: places.length,
          trace: request.trace,
        },
        {
          roundLimitMs: roundLimitMs(deployment, deployment.workers[0]?.limitsMs.round ?? 0, 1, inFlight),
          onLinkFailed: (one, other) => deployments.linkFailed(one, other),
          signal,
        },
      );
      const begunMs = clockMs();
      const run = { deployment, executor, inFlight, group, places, signal, onItem: handlers.onItem };
      const doneMs = await runItems(run, request).catch(async (error: unknown) => {
        await executor.finish(false).catch(() => undefined);
        throw error;
      });
      const { workers } = await executor.finish(true);
      phases.add('run', begunMs);
      const seconds = ((doneMs.at(-1) ?? begunMs) - begunMs) / 1000;
      deployments.worked(deployment);
      return { deployment, rates, workers, seconds, doneMs, states: group.carried ?? {} };
    } catch (thrown) {
      const error = await lossOf(AsyncDiffError.from(thrown), deployment?.workers ?? [], {
        deployments,
        signal,
      });
      if (error.code === 'cancelled') throw error;
      deployments.drop(error);
      losses.take(error, group.told.size);
      progress.restarts += 1;
    }
  }
}

interface AttemptedItems {
  readonly deployment: Deployment;
  readonly executor: ItemExecutor;
  /** Items in progress at a time, at most. */
  readonly inFlight: number;
  readonly group: GroupProgress;
  readonly places: ItemGroup['places'];
  readonly signal: AbortSignal;
  readonly onItem: ItemRunHandlers['onItem'];
}

/** The items that are left, in order. Returns the times at which they were done. */
async function runItems(
  { deployment, executor, inFlight, group, places, signal, onItem }: AttemptedItems,
  { items, inputs }: ItemsRequest,
): Promise<number[]> {
  const { partition, inputs: specs } = deployment.plan;
  await executor.start(inputs, group.carried ?? firstStates(partition.carried ?? [], specs, inputs));
  const issue = (at: number): void => {
    const place = places[at];
    if (place !== undefined) executor.issue(at, items[place] as NamedTensors, group.isCheckpoint(at));
  };
  const { from: first, told } = group;
  const doneMs: number[] = [];
  for (let at = first; at < first + inFlight; at++) issue(at);
  for (let at = first; at < places.length; at++) {
    throwIfAborted(signal);
    const all = await abortable(executor.outputs(at), signal);
    doneMs.push(clockMs());
    const { outputs, made } = split(all, deployment);
    group.done(at, made);
    issue(at + inFlight);
    // Done again after a loss: told already.
    if (told.has(at)) continue;
    told.add(at);
    const taken = onItem(places[at] as number, outputs);
    if (taken !== undefined) await abortable(taken, signal);
  }
  return doneMs;
}

/** Outputs, and states where they were told too. */
function split(all: NamedTensors, { partition }: Deployment): { outputs: NamedTensors; made: NamedTensors } {
  const states = new Set((partition.carried ?? []).map(({ value }) => value));
  const pick = (isState: boolean): NamedTensors =>
    Object.fromEntries(Object.entries(all).filter(([name]) => states.has(name) === isState));
  return { outputs: pick(false), made: pick(true) };
}
