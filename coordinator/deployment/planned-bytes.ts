import type { Plan } from '../../planner/index.js';

/** Memory that a worker's part of a plan takes, estimated. */
export function plannedBytes(
  { memory, placement }: Pick<Plan, 'memory' | 'placement'>,
  workerId: string,
): number {
  return placement.reduce(
    (sum, ids, at) =>
      sum + (ids.includes(workerId) ? (memory[at % Math.max(1, memory.length)]?.total ?? 0) : 0),
    0,
  );
}
