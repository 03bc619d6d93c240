import {
  entriesOf,
  PLAN_SETTINGS,
  type PlanOptions,
  resolvePlanSettings,
  type SettingRow,
  type WireValue,
} from '../common/settings/index.js';
import type { PlanSettings as PlanSettingsMessage } from './gen/asyncdiff/v1/PlanSettings.js';
import type { PlanSettings__Output } from './gen/asyncdiff/v1/PlanSettings.js';

/**
 * Plan settings as a message; what is left out, or has its default, is not set.
 * @throws AsyncDiffError `invalid_settings` before a value out of range would be cut to fit its field.
 */
export function toPlanSettingsMessage(options: PlanOptions = {}): PlanSettingsMessage {
  const settings = resolvePlanSettings(options);
  const message: Partial<Record<keyof PlanSettingsMessage, WireValue>> = {};
  for (const [name, row] of entriesOf(PLAN_SETTINGS)) {
    const { kind, default: usual } = row as SettingRow<unknown>;
    if (settings[name] !== usual) message[name] = kind.toWire(settings[name]);
  }
  return message as PlanSettingsMessage;
}

/** The plan settings that a message sets, not yet checked: {@link resolvePlanSettings} does that. */
export function fromPlanSettingsMessage(message: PlanSettings__Output | null | undefined): PlanOptions {
  const options: Partial<Record<keyof PlanOptions, unknown>> = {};
  for (const [name, { kind }] of entriesOf(PLAN_SETTINGS)) {
    const value = message?.[name];
    if (value !== undefined) options[name] = kind.fromWire(value);
  }
  return options as PlanOptions;
}
