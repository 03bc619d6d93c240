/** Entry of the planning process: requests come one at a time; progress and a plan or an error go back. */
import { diskError } from '../common/disk-error.js';
import { toWireError } from '../common/wire-error.js';
import { makePlan } from './make-plan.js';
import type { PlanRequest } from './plan.js';
import type { PlanningProgress } from './planning-progress.js';
import type { PlanningMessage } from './planner.js';

/** Least time between two messages: a file is hashed a megabyte at a time. */
const PROGRESS_INTERVAL_MS = 100;
/** Memory up to which a process may wait for another request. */
const MAX_RESTING_BYTES = 256 * 2 ** 20;

let toldMs = 0;
let toldStage = '';

function tell(progress: PlanningProgress): void {
  const nowMs = performance.now();
  if (progress.stage === toldStage && nowMs - toldMs < PROGRESS_INTERVAL_MS) return;
  toldMs = nowMs;
  toldStage = progress.stage;
  send({ kind: 'progress', progress });
}

function isSmall(): boolean {
  return process.memoryUsage.rss() <= MAX_RESTING_BYTES;
}

function send(message: PlanningMessage): void {
  process.send?.(message);
}

// Whoever asked is gone.
process.once('disconnect', () => process.exit(0));
process.on('message', (request: PlanRequest) => {
  toldStage = '';
  void makePlan(request, tell)
    .then(
      (plan): PlanningMessage => ({ kind: 'plan', plan, isSmall: isSmall() }),
      (error: unknown): PlanningMessage => ({
        kind: 'failed',
        error: toWireError(diskError(error, request.workDir) ?? error),
        isSmall: isSmall(),
      }),
    )
    .then(send);
});
