import { existsSync } from 'node:fs';
import { abortable } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { fileState } from '../../common/model-file/index.js';
import {
  type OnPlanningProgress,
  type Plan,
  type PlanRequest,
  planInProcess,
  useGraphs,
} from '../../planner/index.js';

/** Plans kept in memory: a benchmark goes back and forth between a few. */
const MAX_PLANS = 32;

interface Entry {
  readonly plan: Promise<Plan>;
  readonly planning: AbortController;
  readonly listeners: Set<OnPlanningProgress>;
  waiters: number;
  isMade: boolean;
}

/**
 * Plans by request. One is made once, however many wait for it, and kept for as long as the model's files stay as they were; when nobody waits
 * any more, its process is killed.
 */
export class Plans {
  readonly #entries = new Map<string, Entry>();
  readonly #onIgnored: ((why: string) => void) | undefined;

  /** @param onIgnored hears why a plan that was kept on disk is none */
  constructor(onIgnored?: (why: string) => void) {
    this.#onIgnored = onIgnored;
  }

  async get(
    key: string,
    request: PlanRequest,
    signal: AbortSignal | undefined,
    onProgress: OnPlanningProgress = () => undefined,
  ): Promise<Plan> {
    const known = this.#entries.get(key);
    const isStale = known !== undefined && known.waiters === 0 && !(await isCurrent(known.plan));
    if (isStale) this.#forget(key, known);
    const entry = this.#entries.get(key) ?? this.#begin(key, request);
    entry.waiters += 1;
    entry.listeners.add(onProgress);
    try {
      return await abortable(entry.plan, signal);
    } finally {
      entry.waiters -= 1;
      entry.listeners.delete(onProgress);
      if (entry.waiters === 0 && !entry.isMade) {
        this.#forget(key, entry);
        entry.planning.abort(new AsyncDiffError('cancelled', 'nobody waits for the plan any more'));
      }
    }
  }

  /** A plan that takes the place of the one for this request. */
  keep(key: string, plan: Plan): void {
    this.#put(key, {
      plan: Promise.resolve(plan),
      planning: new AbortController(),
      listeners: new Set(),
      waiters: 0,
      isMade: true,
    });
  }

  /** The plan of one key under another as well, unless that has one: then that one. */
  async share(key: string, other: string): Promise<Plan> {
    const entry = this.#entries.get(key);
    const known = this.#entries.get(other);
    if (known?.isMade === true && (await isCurrent(known.plan))) return known.plan;
    if (entry === undefined) throw new AsyncDiffError('internal', 'there is no plan to share');
    this.#put(other, entry);
    return entry.plan;
  }

  #begin(key: string, request: PlanRequest): Entry {
    const planning = new AbortController();
    const listeners = new Set<OnPlanningProgress>();
    const plan = planInProcess(request, {
      signal: planning.signal,
      onProgress: (progress) => {
        for (const listener of listeners) listener(progress);
      },
      onIgnored: this.#onIgnored,
    });
    const entry: Entry = { plan, planning, listeners, waiters: 0, isMade: false };
    this.#put(key, entry);
    plan.then(
      () => {
        entry.isMade = true;
      },
      () => this.#forget(key, entry),
    );
    return entry;
  }

  /** Keeps it as the newest; the oldest is dropped. */
  #put(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > MAX_PLANS && oldest !== undefined) this.#entries.delete(oldest);
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }
}

/** Whether the model's files are those that the plan was made from (a model may be written anew under its name), and what workers fetch is there. */
async function isCurrent(made: Promise<Plan>): Promise<boolean> {
  const plan = await made.catch(() => undefined);
  if (plan === undefined) return false;
  const states = await Promise.all(plan.sources.map(async ({ path }) => fileState(path)));
  if (states.some(({ state }, at) => state !== plan.sources[at]?.state)) return false;
  // The folder of segments is a cache: somebody may have emptied it since.
  const paths = new Set([...plan.artifacts.values()].map(({ path }) => path));
  return (await useGraphs(plan)) && [...paths].every((path) => existsSync(path));
}
