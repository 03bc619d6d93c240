import { checkMove, type StateMoves } from '../../common/state-moves.js';

/**
 * States of a job:
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | queued | waits for its turn | running, cancelled, failed |
 * | running | plans, is deployed, computes; also after a loss, with the next attempt | done, cancelled, failed |
 * | done, failed, cancelled | over | |
 */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export const JOB_MOVES: StateMoves<JobState> = Object.freeze({
  queued: ['running', 'cancelled', 'failed'],
  running: ['done', 'cancelled', 'failed'],
  done: [],
  failed: [],
  cancelled: [],
});

/** Throws `internal` for a move that the table does not have. */
export function checkJobMove(from: JobState, to: JobState): void {
  checkMove(JOB_MOVES, 'job', from, to);
}
