import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanOptions } from '../common/settings/index.js';
import type { RunReport } from './run-report.js';

type ReplayableStage = Pick<RunReport, 'settings' | 'cuts' | 'inOrderSteps' | 'programChanges'>;

/**
 * The plan settings that repeat a run, from its report: what was chosen in place of `auto`, the cuts, and the steps that ran in order, whether they were
 * planned, drifted or followed a loss. With `replay: report` and the same request the latents are equal, bit for bit, on workers of the same kind.
 *
 * Of a run that several predictors made one after another these are the first one's; `replay: report` carries the others'.
 *
 * @throws AsyncDiffError `replay_impossible` for a run that went on with another program after a loss
 */
export function replayPlan(
  whole: ReplayableStage & { readonly stages?: readonly ReplayableStage[] },
): PlanOptions {
  const report = whole.stages?.[0] ?? whole;
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
