/** Tables of settings: what each is called everywhere, what it takes, its default, and the one check. */
export { isPrintable, type WireValue } from './kinds.js';
export {
  asked,
  JOB_SETTINGS,
  type JobOptions,
  type JobSettings,
  resolveJobSettings,
} from './job-settings.js';
export { DEFAULT_MAX_ERROR, errorLimit, psnrOf } from './error-bound.js';
export { checkLimit, checkName, checkShape, type LimitRow, LIMITS } from './limits.js';
export {
  type Chosen,
  chosenSettings,
  namesProgram,
  PLAN_SETTINGS,
  type PlannedSettings,
  plannedSettings,
  type PlanOptions,
  type PlanSettings,
  resolvePlanSettings,
} from './plan-settings.js';
export {
  checked,
  entriesOf,
  environmentName,
  flagName,
  type OptionsOf,
  settingsDocument,
  type SettingRow,
  shown,
  snakeCase,
  type ValuesOf,
} from './row.js';
