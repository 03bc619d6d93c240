import { isLastComponent, workerOfRun } from '../../program/index.js';
import type { Plan, PlanRequest } from '../../planner/index.js';
import type { Deployment } from './deployment.js';

/** How much of a round's compute a worker has. */
export interface WorkerLoad {
  readonly workerId: string;
  /** Milliseconds of a round, as the plan's costs and speeds have them. */
  readonly plannedMs: number;
  /** The same as the worker timed its sessions; 0 where it did not. */
  readonly measuredMs: number;
}

/** Loads of the workers that hold something, in the order of their components. */
export function workerLoads(
  { plan, workers, segmentMs }: Pick<Deployment, 'plan' | 'workers' | 'segmentMs'>,
  request: Pick<PlanRequest, 'workers'>,
): WorkerLoad[] {
  return workers.map(({ id }) => {
    const speed = speedOf(plan, request, id);
    let plannedMs = 0;
    let measuredMs = 0;
    for (const segment of plan.partition.segments) {
      const runs = isLastComponent(plan.partition, segment.component) ? plan.settings.stride : 1;
      for (let run = 0; run < runs; run++) {
        if (workerOfRun(plan.placement, segment.component, run) !== id) continue;
        plannedMs += segment.costMs / speed;
        measuredMs += segmentMs.get(`${id}/${segment.id}`) ?? 0;
      }
    }
    return { workerId: id, plannedMs, measuredMs };
  });
}

/** As the plan was made with it. */
function speedOf({ timed }: Plan, { workers }: Pick<PlanRequest, 'workers'>, id: string): number {
  const at = workers.findIndex((worker) => worker.id === id);
  return timed?.speeds[at] ?? workers[at]?.speed ?? 1;
}

/** How much further the worker that is furthest from its planned load is from it than the one that is least: 0 where all are alike. */
export function unevenness(loads: readonly WorkerLoad[]): number {
  const ratios = loads.flatMap(({ plannedMs, measuredMs }) =>
    plannedMs > 0 && measuredMs > 0 ? [measuredMs / plannedMs] : [],
  );
  return ratios.length === 0 ? 0 : Math.max(...ratios) / Math.min(...ratios) - 1;
}
