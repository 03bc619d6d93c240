import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanOptions } from '../common/settings/index.js';
import type { RunReport } from './run-report.js';

/**
 * The plan settings that repeat a run, from its report: what was chosen in place of `auto`, the cuts, and the steps that ran in order, whether they were
 * planned, drifted or followed a loss. With `replay: report` and the same request the latents are equal, bit for bit, on workers of the same kind.
 *
 * @throws AsyncDiffError `replay_impossible` for a run that went on with another program after a loss
 */
export function replayPlan(
  report: Pick<RunReport, 'settings' | 'cuts' | 'inOrderSteps' | 'programChanges'>,
): PlanOptions {
  if (report.programChanges > 0)
    throw new AsyncDiffError(
      'replay_impossible',
      'the run lost a worker and went on with other cuts: it was two programs, and no one run repeats it',
      { hint: 'Take the report of a run in which no worker was lost.' },
    );
  return {
    ...report.settings,
    cuts: [...report.cuts],
    inOrder: report.inOrderSteps.map(String),
    // All is named: whether it would be chosen again, by what is measured since, does not matter.
    maxError: 'off',
    // What drifted then is among the steps in order.
    tolerance: 'off',
    useWorkers: [],
  };
}
