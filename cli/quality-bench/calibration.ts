import type { ChoiceSubject, QualityPoint } from '../../planner/index.js';
import type { QualityRow } from './quality-row.js';

/** What the planner can learn of a model from a bench of its usual settings: a point for each configuration that differed from the sequential run. */
export function calibrationPoints(
  rows: readonly QualityRow[],
  { family, steps, guidanceScale }: Pick<ChoiceSubject, 'family' | 'steps' | 'guidanceScale'>,
): QualityPoint[] {
  return rows.flatMap((row) => {
    const reach = reachOf(row);
    // What a bound on the error is held against: a few pictures that are far off count.
    const { mean: error } = row.relative_latent_mse;
    if (row.method !== 'look-ahead' || error === 0 || reach === 0) return [];
    const stepParallel = settingOf(row, 'step_parallel', 1) > 1;
    const stride = settingOf(row, 'stride', 1);
    return [{ family, steps, guidanceScale, reach, stride, stepParallel, error }];
  });
}

/** Steps that the furthest component looks ahead; a U-shape counts as a round more. */
function reachOf(row: QualityRow): number {
  const [components, stride] = [settingOf(row, 'components', 1), settingOf(row, 'stride', 1)];
  const isLagged = settingOf(row, 'lag', 1) === 2;
  const isU = (row as Record<string, unknown>)['shape'] === 'u-shaped';
  const rounds = components === 1 ? 0 : components - 1 + (isLagged ? 1 : 0) + (isU ? 1 : 0);
  return rounds * stride + stride - 1;
}

function settingOf(row: QualityRow, name: string, usual: number): number {
  const value: unknown = (row as Record<string, unknown>)[name];
  return typeof value === 'number' ? value : usual;
}
