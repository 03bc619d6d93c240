/**
 * States of a worker as the coordinator sees it:
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | idle | registered, holds no plan | deploying, lost |
 * | deploying | receives and loads its segments | ready, idle (failed), lost |
 * | ready | holds a plan | deploying, busy, lost |
 * | busy | runs a job | ready, lost |
 * | lost | connection gone or silent; the handle is dead, the worker may register again | |
 */
export type WorkerState = 'idle' | 'deploying' | 'ready' | 'busy' | 'lost';

/** Where each state may go. */
export const TRANSITIONS: Readonly<Record<WorkerState, readonly WorkerState[]>> = Object.freeze({
  idle: ['deploying', 'lost'],
  deploying: ['ready', 'idle', 'lost'],
  ready: ['deploying', 'busy', 'idle', 'lost'],
  busy: ['ready', 'lost'],
  lost: [],
});
