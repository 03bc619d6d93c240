/** Entry of the planning thread: folding and profiling block the thread that they run in. */
import { parentPort } from 'node:worker_threads';
import { AsyncDiffError } from '../common/errors/index.js';
import { makePlan } from './make-plan.js';
import type { PlanRequest } from './plan.js';

parentPort?.once('message', (request: PlanRequest) => {
  makePlan(request).then(
    (plan) => parentPort?.postMessage({ plan }),
    (error: unknown) => {
      const { code, rawMessage, hint, stack } = AsyncDiffError.from(error);
      parentPort?.postMessage({ error: { code, rawMessage, hint, stack } });
    },
  );
});
