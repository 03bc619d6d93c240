import {
  entriesOf,
  JOB_SETTINGS,
  type JobOptions,
  namesProgram,
  type OptionsOf,
  PLAN_SETTINGS,
  type PlanOptions,
  resolveJobSettings,
  resolvePlanSettings,
  type SettingRow,
  type ValuesOf,
  type WireValue,
} from '../common/settings/index.js';
import type { GenerateRequest } from './gen/asyncdiff/v1/GenerateRequest.js';
import type { PlanSettings as PlanSettingsMessage } from './gen/asyncdiff/v1/PlanSettings.js';
import type { PlanSettings__Output } from './gen/asyncdiff/v1/PlanSettings.js';

/**
 * Plan settings as a message; what is left out, or has its default, is not set.
 * @throws AsyncDiffError `invalid_settings` before a value out of range would be cut to fit its field.
 */
export function toPlanSettingsMessage(options: PlanOptions = {}): PlanSettingsMessage {
  const settings = resolvePlanSettings(options);
  const { maxError } = settings;
  // With a bound on the error other values are the default: what is then 1 was asked for.
  const message = toMessage(PLAN_SETTINGS, settings, resolvePlanSettings({ maxError }));
  // Whether there is one follows from the other fields, unless it is said.
  const isImplied =
    maxError === PLAN_SETTINGS.maxError.default && !namesProgram(fromMessage(PLAN_SETTINGS, message));
  return isImplied ? message : { ...message, maxError };
}

/** The plan settings that a message sets, not yet checked: {@link resolvePlanSettings} does that. */
export function fromPlanSettingsMessage(message: PlanSettings__Output | null | undefined): PlanOptions {
  return fromMessage(PLAN_SETTINGS, message ?? {});
}

/**
 * What a job is asked for as the fields of its request; what is left out, or has its default, is not set.
 * @throws AsyncDiffError `invalid_settings` before a value out of range would be cut to fit its field.
 */
function toJobSettingsMessage(options: JobOptions): Pick<GenerateRequest, keyof JobOptions> {
  return toMessage(JOB_SETTINGS, resolveJobSettings(options));
}

/** A request as a client gives it, its job settings checked and in the form of the message. */
export function withJobSettings<T extends object>(
  request: T,
): Omit<T, keyof JobOptions> & ReturnType<typeof toJobSettingsMessage> {
  const rest = Object.entries(request).filter(([name]) => !Object.hasOwn(JOB_SETTINGS, name));
  return {
    ...(Object.fromEntries(rest) as Omit<T, keyof JobOptions>),
    ...toJobSettingsMessage(fromJobSettingsMessage(request)),
  };
}

/** What a request sets of the job's settings, not yet checked: {@link resolveJobSettings} does that. */
export function fromJobSettingsMessage(request: object): JobOptions {
  return fromMessage(JOB_SETTINGS, request);
}

/** @param usual what a setting has where it is left out, if not its row's default */
function toMessage<R extends object>(
  rows: R,
  settings: ValuesOf<R>,
  usual?: ValuesOf<R>,
): Partial<Record<keyof R, never>> {
  const fields: [string, WireValue][] = [];
  for (const [name, row] of entriesOf(rows)) {
    const { kind, default: fallback } = row as SettingRow<unknown>;
    const leftOut = name === 'maxError' || usual === undefined ? fallback : usual[name];
    if (settings[name] !== leftOut) fields.push([name, kind.toWire(settings[name])]);
  }
  return Object.fromEntries(fields) as Partial<Record<keyof R, never>>;
}

function fromMessage<R extends object>(rows: R, message: object): OptionsOf<R> {
  const fields: [string, unknown][] = [];
  for (const [name, row] of entriesOf(rows)) {
    const value = (message as Partial<Record<string, WireValue>>)[name];
    if (value !== undefined) fields.push([name, (row as SettingRow<unknown>).kind.fromWire(value)]);
  }
  return Object.fromEntries(fields) as OptionsOf<R>;
}
