import type { Deployment } from '../deployment/index.js';

/** Ratio of measured to planned times up to which nothing is said: less is not worth restarting workers. */
const TOLERATED = 1.2;

/** What is looked at: a deployment's workers, what each holds, and what that takes. */
export type CheckedDeployment = Pick<Deployment, 'workers' | 'segmentMs' | 'plan'>;

/**
 * What to tell the user where workers take other times for their parts than the plan took them for, so that the slowest holds up every
 * round: the `--speed` that each should have. The plan's costs are measured on the coordinator's processor; GPUs differ from it, and from
 * each other. Workers on the processor of one machine are not compared: they share it, and what differs is what else it did meanwhile.
 */
export function speedWarning({ workers, segmentMs, plan }: CheckedDeployment): string | undefined {
  const kinds = new Set(workers.map(({ facts }) => `${facts.machineId} ${facts.device} ${facts.threads}`));
  const onProcessor = workers.every(({ facts }) => facts.device === 'cpu');
  // Cut on measured times, parts are as even as they can be.
  if (plan.settings.recut === 'on') return undefined;
  if (plan.declared || workers.length < 2 || (onProcessor && kinds.size === 1)) return undefined;
  const measured = workers.map((worker) => {
    let costMs = 0;
    let tookMs = 0;
    for (const { id, costMs: cost } of plan.partition.segments) {
      const took = segmentMs.get(`${worker.id}/${id}`);
      if (took === undefined) continue;
      costMs += cost;
      tookMs += took;
    }
    return { worker, speed: tookMs > 0 && costMs > 0 ? costMs / tookMs : worker.speed };
  });
  const fits = measured.map(({ worker, speed }) => speed / worker.speed);
  if (Math.max(...fits) <= TOLERATED * Math.min(...fits)) return undefined;
  const fastest = Math.max(...measured.map(({ speed }) => speed));
  const wanted = measured.map(({ worker, speed }) => `${worker.name} ${(speed / fastest).toFixed(2)}`);
  return `the parts take uneven times; for an even load start the workers with --speed: ${wanted.join(', ')}`;
}
