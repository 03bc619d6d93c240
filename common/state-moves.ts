import { AsyncDiffError } from './errors/index.js';

/** Where each state may go. */
export type StateMoves<S extends string> = Readonly<Record<S, readonly S[]>>;

/** Throws `internal` for a move that the table does not have. */
export function checkMove<S extends string>(moves: StateMoves<S>, what: string, from: S, to: S): void {
  if (!moves[from].includes(to))
    throw new AsyncDiffError('internal', `a ${what} that is ${from} cannot be ${to}`);
}
