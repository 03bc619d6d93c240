/** Entry of the planning process: one request comes, progress and a plan or an error go back, and it ends. */
import { toWireError } from '../common/wire-error.js';
import { makePlan } from './make-plan.js';
import type { PlanRequest } from './plan.js';
import type { PlanningProgress } from './planning-progress.js';
import type { PlanningMessage } from './planner.js';

/** Bytes of a file are hashed a megabyte at a time: a message for each would be thousands. */
const PROGRESS_INTERVAL_MS = 100;

let toldMs = 0;
let toldStage = '';

function tell(progress: PlanningProgress): void {
  const nowMs = performance.now();
  if (progress.stage === toldStage && nowMs - toldMs < PROGRESS_INTERVAL_MS) return;
  toldMs = nowMs;
  toldStage = progress.stage;
  send({ kind: 'progress', progress });
}

function send(message: PlanningMessage, then?: () => void): void {
  process.send?.(message, undefined, {}, () => then?.());
}

// Whoever asked is gone.
process.once('disconnect', () => process.exit(0));
process.once('message', (request: PlanRequest) => {
  void makePlan(request, tell)
    .then(
      (plan): PlanningMessage => ({ kind: 'plan', plan }),
      (error: unknown): PlanningMessage => ({ kind: 'failed', error: toWireError(error) }),
    )
    .then((message) => send(message, () => process.exit(0)));
});
