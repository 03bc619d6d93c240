import { checkMove, type StateMoves } from '../../common/state-moves.js';

/**
 * States of a deployed part, in the worker that holds it:
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | waiting | some of its artifacts are not on disk yet | opening, closed |
 * | opening | its sessions are opened, its producers dialled | open, closed |
 * | open | jobs can run | broken, closed |
 * | broken | tensors of a producer cannot come any more: no further job can run | closed |
 * | closed | given up by the coordinator, or failed; what comes for it does nothing | |
 */
export type PartState = 'waiting' | 'opening' | 'open' | 'broken' | 'closed';

const PART_MOVES: StateMoves<PartState> = Object.freeze({
  waiting: ['opening', 'closed'],
  opening: ['open', 'broken', 'closed'],
  open: ['broken', 'closed'],
  broken: ['closed'],
  closed: [],
});

/** Throws `internal` for a move that the table does not have. */
export function checkPartMove(from: PartState, to: PartState): void {
  checkMove(PART_MOVES, 'part', from, to);
}
