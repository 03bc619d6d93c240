import type { PlanOptions } from '../../common/settings/index.js';
import { type ChaosJob, VARIANTS } from './scenario.js';

/** Pinned: what a planner would choose by the links as they are just now. */
const PINNED = { microCuts: 1, recompute: 'off', end: 0, tolerance: 'off' } as const;

/** The plan settings of a job. */
export function planOptionsOf({ variant, steps }: ChaosJob): PlanOptions {
  const chosen: PlanOptions = VARIANTS[variant];
  return { ...PINNED, warmUp: steps, ...chosen };
}
