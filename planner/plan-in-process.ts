import { homedir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../common/abort.js';
import { limitGraphs } from './kept-graphs.js';
import { KeptPlans } from './kept-plans.js';
import type { Plan, PlanRequest } from './plan.js';
import { makeInProcess, type ProcessOptions } from './planner.js';

interface PlanningOptions extends ProcessOptions {
  /** Hears why a plan that was kept is none: it is damaged, or something else wrote it. It is made anew. */
  readonly onIgnored?: ((why: string) => void) | undefined;
}

/** Where folded graphs and segments are kept between runs. */
export function defaultWorkDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'plans');
}

/**
 * The plan of a request: the one that an earlier process made, where it still counts, else a new one, which is kept. With times that are given it is
 * neither looked for nor kept: whoever gives them decides what stays.
 *
 * @throws AsyncDiffError as `makeInProcess` does
 */
export async function planInProcess(request: PlanRequest, options: PlanningOptions = {}): Promise<Plan> {
  if (request.knownTimes !== undefined) return make(request, options);
  const kept = new KeptPlans(request.workDir, options.onIgnored);
  const known = await kept.find(request);
  throwIfAborted(options.signal);
  if (known !== undefined) return known;
  const plan = await make(request, options);
  await kept.keep(request, plan);
  return plan;
}

/** A new plan has written graphs: older ones make room. */
async function make(request: PlanRequest, options: PlanningOptions): Promise<Plan> {
  const plan = await makeInProcess(request, options);
  await limitGraphs(request.workDir);
  return plan;
}
