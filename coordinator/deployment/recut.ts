import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type KnownTimes,
  type Plan,
  type PlanRequest,
  type SessionTime,
  toRanges,
} from '../../planner/index.js';
import type { Deployment } from './deployment.js';
import { predictedPeriodMs } from './predicted-period.js';
import { unevenness, workerLoads } from './worker-loads.js';

/** Cuts that follow the first one, at most. */
export const MAX_TURNS = 3;
/** Share by which loads may differ from the plan without another cut: times that are measured twice differ as much. */
const MAX_UNEVENNESS = 0.04;
/** Share of a round's time that another cut must promise to save. */
const MIN_GAIN = 0.02;

/** A plan where its workers have timed it. */
export type TimedDeployment = Pick<Deployment, 'plan' | 'partition' | 'workers' | 'segmentMs'>;

interface RecutContext<D extends TimedDeployment> {
  readonly planRequest: PlanRequest;
  /** The plan that follows these times. */
  readonly planWith: (known: KnownTimes) => Promise<Plan>;
  /** Deploys it in place of the present one. */
  readonly open: (plan: Plan) => Promise<D>;
  readonly onTurn: (turn: Turn) => void;
}

/** What was measured, and what another cut promises. */
export interface Turn {
  readonly turn: number;
  /** As the loads were measured, and as the new plan says. */
  readonly periodMs: number;
  readonly predictedMs: number;
}

/** What a worker says of a part that it cannot have: the cut before, which worked, stays. */
const STAYS: ReadonlySet<string> = new Set(['worker_failed', 'cache_unwritable', 'memory_exceeded']);

/**
 * Cuts the predictor again for as long as its workers' loads are off what the plan took them for and another cut is worth it, three times at most.
 * A cut that turns out slower than the one before is taken back. The deployment that stays.
 */
export async function cutAgain<D extends TimedDeployment>(first: D, context: RecutContext<D>): Promise<D> {
  const { planRequest, planWith, open, onTurn } = context;
  const periodOf = (one: D): number => predictedPeriodMs(one, planRequest, one.plan.settings.stride);
  let present = first;
  let times: readonly SessionTime[] = first.plan.timed?.known.times ?? [];
  for (let turn = first.plan.timed?.known.turn ?? 0; turn < MAX_TURNS; turn++) {
    if (unevenness(workerLoads(present, planRequest)) <= MAX_UNEVENNESS) return present;
    times = [...times, ...sessionTimes(present, planRequest)];
    const plan = await fitting(planWith({ times, turn: turn + 1, isSettled: false }));
    const periodMs = periodOf(present);
    if (
      plan === undefined ||
      plan.planId === present.plan.planId ||
      plan.predicted.periodMs > (1 - MIN_GAIN) * periodMs
    )
      return present;
    onTurn({ turn: turn + 1, periodMs, predictedMs: plan.predicted.periodMs });
    const before = present;
    try {
      present = await open(plan);
    } catch (error) {
      if (!STAYS.has(AsyncDiffError.from(error).code)) throw error;
      return open(before.plan);
    }
    if (periodOf(present) >= periodMs) return open(before.plan);
  }
  return present;
}

/** The plan, where its parts fit into the workers' memory: the search for a cut does not know it. */
async function fitting(planning: Promise<Plan>): Promise<Plan | undefined> {
  try {
    return await planning;
  } catch (error) {
    if (AsyncDiffError.from(error).code !== 'partition_impossible') throw error;
    return undefined;
  }
}

/** What each worker's sessions took. */
function sessionTimes(
  { plan, workers, segmentMs }: TimedDeployment,
  planRequest: Pick<PlanRequest, 'workers'>,
): SessionTime[] {
  return workers.flatMap(({ id }) => {
    const worker = planRequest.workers.findIndex((one) => one.id === id);
    const timed = new Set<string>();
    return plan.partition.segments.flatMap(({ session, id: segment, nodes }): SessionTime[] => {
      const ms = segmentMs.get(`${id}/${segment}`);
      if (ms === undefined || timed.has(session)) return [];
      timed.add(session);
      return [{ worker, nodes: toRanges(nodes), ms }];
    });
  });
}
