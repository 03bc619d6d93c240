import { type ChoiceSubject, type QualityPoint, reachOf } from '../../planner/index.js';
import type { QualityRow } from './quality-row.js';

/** What the planner can learn of a model from a bench of its usual settings: a point for each configuration that differed from the sequential run. */
export function calibrationPoints(
  rows: readonly QualityRow[],
  { family, steps, guidanceScale }: Pick<ChoiceSubject, 'family' | 'steps' | 'guidanceScale'>,
): QualityPoint[] {
  return rows.flatMap((row) => {
    const reach = reachOfRow(row);
    // What a bound on the error is held against: a few pictures that are far off count.
    const { mean: error } = row.relative_latent_mse;
    if (row.method !== 'look-ahead' || error === 0 || reach === 0) return [];
    const stepParallel = settingOf(row, 'step_parallel', 1) > 1;
    const stride = settingOf(row, 'stride', 1);
    return [{ family, steps, guidanceScale, reach, stride, stepParallel, error }];
  });
}

function reachOfRow(row: QualityRow): number {
  const [components, stride] = [settingOf(row, 'components', 1), settingOf(row, 'stride', 1)];
  const isUShaped = (row as Record<string, unknown>)['shape'] === 'u-shaped';
  return reachOf({ components, stride, lag: settingOf(row, 'lag', 1), isUShaped });
}

function settingOf(row: QualityRow, name: string, usual: number): number {
  const value: unknown = (row as Record<string, unknown>)[name];
  return typeof value === 'number' ? value : usual;
}
