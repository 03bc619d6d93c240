import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { keepFile, touchKept } from '../common/kept-files.js';
import { fileState } from '../common/model-file/index.js';
import { rememberedTimes } from './calibrated.js';
import type { Choice } from './choice/index.js';
import { useGraphs } from './kept-graphs.js';
import { checkMemory } from './memory.js';
import type { Plan, PlanRequest } from './plan.js';
import { planId } from './plan-ids.js';
import { predictionOf } from './prediction.js';
import { planKey } from './request-key.js';
import { planSchema, type StoredPlan } from './kept-plan-schema.js';

/** Plans of so many requests are kept, and no more bytes than these: one of SDXL takes half a megabyte. */
const LIMITS = { maxFiles: 500, maxBytes: 200e6 };

/** Where they lie in a work folder. */
export function keptPlansFolder(workDir: string): string {
  return join(workDir, 'kept');
}

/** What lies in a file. */
interface Stored {
  readonly plan: StoredPlan;
  /** SHA-256 of the plan's JSON and the key: what was changed on the disk, or belongs to another request, is no plan. */
  readonly check: string;
}

/**
 * Finished plans in a folder of the planner's: a second process with the same request neither folds nor searches. One counts while the model's files are
 * as they were, its segments' graphs are whole, the workers have the memory for it, and nothing else is known of the times that it followed.
 */
export class KeptPlans {
  readonly #workDir: string;
  readonly #onIgnored: ((why: string) => void) | undefined;

  /** @param onIgnored hears of a file that is damaged, or that something else wrote: the plan is made anew in its place */
  constructor(workDir: string, onIgnored?: (why: string) => void) {
    this.#workDir = workDir;
    this.#onIgnored = onIgnored;
  }

  /** Undefined where there is none that counts. */
  async find(request: PlanRequest): Promise<Plan | undefined> {
    const key = await planKey(request, request.choice);
    const path = this.#path(key);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    let stored: StoredPlan;
    try {
      stored = parse(text, key, request);
    } catch (error) {
      this.#onIgnored?.(`${path} is not a plan: ${AsyncDiffError.from(error).rawMessage.split('\n', 1)[0]}`);
      return undefined;
    }
    const plan = toPlan(stored, request);
    if (!(await isCurrent(plan)) || !fits(plan, request) || !this.#followsKnownTimes(plan)) return undefined;
    const damaged = await damagedGraph(plan);
    if (damaged !== undefined) {
      this.#onIgnored?.(`${damaged} is not the graph that it was written as`);
      return undefined;
    }
    await touchKept(path);
    await useGraphs(plan);
    return { ...plan, choice: request.choice };
  }

  /** Best effort: where it cannot be written the next process plans anew. A preview without weights is not kept. */
  async keep(request: PlanRequest, plan: Plan, choice: Choice | undefined = plan.choice): Promise<void> {
    if (plan.planId === '') return;
    const key = await planKey(request, choice);
    const stored = toStored(plan, request);
    const text = JSON.stringify({ plan: stored, check: checkOf(stored, key) } satisfies Stored);
    await keepFile(this.#path(key), text, LIMITS).catch(() => undefined);
  }

  /** Whether it would be cut on the same times now. */
  #followsKnownTimes({ timed }: Plan): boolean {
    if (timed === undefined) return true;
    const { times, turn, isSettled } = rememberedTimes(this.#workDir).get(timed.subject);
    const { known } = timed;
    return (
      turn === known.turn &&
      isSettled === known.isSettled &&
      JSON.stringify(times) === JSON.stringify(known.times)
    );
  }

  #path(key: string): string {
    return join(keptPlansFolder(this.#workDir), `${key}.json`);
  }
}

/** Whether the model's files are those that the plan was made from: a model may be written anew under its name. */
async function isCurrent({ sources }: Plan): Promise<boolean> {
  const states = await Promise.all(sources.map(({ path }) => fileState(path)));
  return states.every(({ state }, at) => state === sources[at]?.state);
}

function fits({ memory, placement }: Plan, { workers }: PlanRequest): boolean {
  try {
    checkMemory(memory, placement, workers);
    return true;
  } catch {
    // Who plans anew says so, or chooses something else.
    return false;
  }
}

/** Path of a segment's graph that is not there, or not what its name says; they take a few megabytes together. */
async function damagedGraph({ specs, artifacts }: Plan): Promise<string | undefined> {
  for (const sha256 of new Set(specs.flatMap((spec) => (spec.sha256 === '' ? [] : [spec.sha256])))) {
    const path = artifacts.get(sha256)?.path ?? sha256;
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return path;
  }
  return undefined;
}

/** Throws why a text is not a plan of this request. */
function parse(text: string, key: string, { workers }: PlanRequest): StoredPlan {
  const { plan, check } = JSON.parse(text) as Partial<Stored>;
  if (plan === undefined || check !== checkOf(plan, key))
    throw new Error('it is damaged, or of another request');
  const stored = planSchema.parse(plan);
  if (stored.placement.flat().some((at) => at >= workers.length))
    throw new Error(`it is placed on more than ${workers.length} workers`);
  return stored;
}

function toStored(plan: Plan, { workers }: PlanRequest): StoredPlan {
  const { planId: _, predicted: __, choice: ___, placement, artifacts, ...rest } = plan;
  const placeOf = new Map(workers.map(({ id }, at) => [id, at]));
  // Readonly in the program, not in what a file is read as.
  return structuredClone({
    ...rest,
    placement: placement.map((ids) => ids.map((id) => placeOf.get(id) as number)),
    artifacts: [...artifacts],
  }) as unknown as StoredPlan;
}

function toPlan(stored: StoredPlan, request: PlanRequest): Plan {
  const { placement: places, artifacts, settings, timed, ...rest } = stored;
  const placement = places.map((ids) => ids.map((at) => request.workers[at]?.id as string));
  const plan = {
    ...rest,
    placement,
    artifacts: new Map(artifacts),
    settings: settings as unknown as Plan['settings'],
    timed,
  };
  const named = { ...plan, planId: planId(plan, plan.settings.lookAhead) };
  return { ...named, predicted: predictionOf(request, named) };
}

function checkOf(plan: unknown, key: string): string {
  return createHash('sha256').update(key).update(JSON.stringify(plan)).digest('hex');
}
