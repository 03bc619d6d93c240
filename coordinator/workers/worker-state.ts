import type { StateMoves } from '../../common/state-moves.js';

/**
 * States of a worker as the coordinator sees it:
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | resting | registered again after it failed to answer in time; it is used only where there is no other | idle, deploying, lost |
 * | idle | registered, holds no plan | deploying, lost |
 * | deploying | receives and loads its segments | ready, idle (failed or given up), lost |
 * | ready | holds a deployment | busy, idle (taken back), lost |
 * | busy | runs an attempt of a job | ready, idle (its deployment was taken back), lost |
 * | lost | connection gone, silent or late; the handle is dead, the worker may register again | |
 */
export type WorkerHandleState = 'resting' | 'idle' | 'deploying' | 'ready' | 'busy' | 'lost';

/** Where each state may go. */
export const TRANSITIONS: StateMoves<WorkerHandleState> = Object.freeze({
  resting: ['idle', 'deploying', 'lost'],
  idle: ['deploying', 'lost'],
  deploying: ['ready', 'idle', 'lost'],
  ready: ['busy', 'idle', 'lost'],
  busy: ['ready', 'idle', 'lost'],
  lost: [],
});

/**
 * Why a worker counts as lost: its connection broke (`gone`), it said nothing (`silent`), it answers pings and did not do
 * something in time (`late`), it sent what cannot be (`wrong`), it said farewell (`left`), or the coordinator stops (`closed`).
 */
export type LossReason = 'gone' | 'silent' | 'late' | 'wrong' | 'left' | 'closed';
