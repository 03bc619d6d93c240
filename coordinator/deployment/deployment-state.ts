import { checkMove, type StateMoves } from '../../common/state-moves.js';

/**
 * States of a deployment:
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | opening | its workers receive and load their parts | ready, closed |
 * | ready | jobs can run | broken, closed |
 * | broken | a worker is lost, or a producer's tensors cannot come any more: no further job can run | closed |
 * | closed | taken back from its workers; what still comes of it does nothing | |
 */
export type DeploymentState = 'opening' | 'ready' | 'broken' | 'closed';

const DEPLOYMENT_MOVES: StateMoves<DeploymentState> = Object.freeze({
  opening: ['ready', 'closed'],
  ready: ['broken', 'closed'],
  broken: ['closed'],
  closed: [],
});

/** Throws `internal` for a move that the table does not have. */
export function checkDeploymentMove(from: DeploymentState, to: DeploymentState): void {
  checkMove(DEPLOYMENT_MOVES, 'deployment', from, to);
}
