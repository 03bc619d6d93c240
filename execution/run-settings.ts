import { AsyncDiffError } from '../common/errors/index.js';
import {
  type PlanOptions,
  type PlanSettings,
  resolvePlanSettings,
  snakeCase,
} from '../common/settings/index.js';

/** What a pass over a list is planned with: nothing is stale, so nothing is predicted, recomputed or split. */
const FIXED = Object.freeze({
  stride: 1,
  stepParallel: 1,
  lag: 1,
  microCuts: 1,
  microBatches: 1,
  shape: 'sequential',
  recompute: 'off',
  lookAhead: 'off',
  guidanceSplit: 'off',
  maxError: 'off',
  wireDtype: 'float32',
  timeShift: false,
  recut: 'off',
} satisfies PlanOptions);

/** Names of the plan settings that a run takes. */
export const RUN_SETTINGS = Object.freeze([
  'components',
  'cuts',
  'dataPath',
  'optimizationLevel',
  'maxWorkers',
  'useWorkers',
] as const satisfies readonly (keyof PlanSettings)[]);

/** The settings of a run. Throws `invalid_settings` for one that says nothing here. */
export function runSettings(given: PlanOptions): PlanSettings {
  const taken: readonly string[] = RUN_SETTINGS;
  for (const [name, value] of Object.entries(given)) {
    const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0);
    if (isEmpty || taken.includes(name) || value === (FIXED as Readonly<Record<string, unknown>>)[name])
      continue;
    throw new AsyncDiffError(
      'invalid_settings',
      `a run over a list takes no ${snakeCase(name)}: nothing in it is stale`,
      {
        hint: `It takes ${taken.map(snakeCase).join(', ')}.`,
      },
    );
  }
  return resolvePlanSettings({ ...given, ...FIXED });
}
