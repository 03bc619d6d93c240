import { homedir } from 'node:os';
import { join } from 'node:path';
import { ThreadClient } from '../common/threads/index.js';
import type { Plan, PlanRequest } from './plan.js';

/** What the planning thread answers. */
export interface PlanningCalls {
  readonly plan: { readonly argument: PlanRequest; readonly result: Plan };
}

/** Where prepared models and segments are kept between runs. */
export function defaultWorkDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'plans');
}

/** {@link makePlan} in a thread of its own, so that the caller's network stays alive. */
export async function planInThread(request: PlanRequest, signal?: AbortSignal): Promise<Plan> {
  const thread = new ThreadClient<PlanningCalls>({ file: 'planner/planning-thread.js', name: 'planning' });
  try {
    return await thread.call('plan', request, { signal });
  } finally {
    // It cannot be stopped inside ONNX Runtime: it ends by itself, and is not waited for.
    void thread.stop();
  }
}
