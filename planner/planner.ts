import { homedir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AsyncDiffError, type ErrorCode } from '../common/errors/index.js';
import { distFile } from '../common/package.js';
import type { Plan, PlanRequest } from './plan.js';

interface Reply {
  readonly plan?: Plan;
  readonly error?: {
    readonly code: ErrorCode;
    readonly rawMessage: string;
    readonly hint: string;
    readonly stack?: string;
  };
}

/** Where prepared models and segments are kept between runs. */
export function defaultWorkDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'plans');
}

/** {@link makePlan} in a thread of its own, so that the caller's network stays alive. */
export function planInThread(request: PlanRequest, signal?: AbortSignal): Promise<Plan> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(distFile('planner/planning-thread.js'), { name: 'asyncdiff-planning' });
    const onAbort = (): void => {
      // The thread cannot be stopped inside ONNX Runtime; it ends by itself and its answer is not waited for.
      reject(AsyncDiffError.from(signal?.reason, 'cancelled'));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    thread.once('message', ({ plan, error }: Reply) => {
      signal?.removeEventListener('abort', onAbort);
      if (plan !== undefined) resolve(plan);
      else if (error !== undefined)
        reject(new AsyncDiffError(error.code, error.rawMessage, { hint: error.hint, cause: error.stack }));
    });
    thread.once('error', (error) => reject(AsyncDiffError.from(error)));
    thread.once('exit', () =>
      reject(new AsyncDiffError('internal', 'the planning thread ended without an answer')),
    );
    thread.postMessage(request);
  });
}
