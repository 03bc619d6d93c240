/** Entry of the planning thread: folding and profiling block the thread that they run in. */
import { serveThread } from '../common/threads/index.js';
import { makePlan } from './make-plan.js';
import type { PlanningCalls } from './planner.js';

let last: Promise<unknown> = Promise.resolve();

serveThread<PlanningCalls>({
  calls: {
    plan: async (request) => {
      const plan = makePlan(request);
      last = plan.catch(() => undefined);
      return { result: await plan };
    },
  },
  onStop: async () => {
    await last;
  },
});
