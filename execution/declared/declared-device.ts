import { AsyncDiffError } from '../../common/errors/index.js';
import { loadProfile } from './load-profile.js';

/** A device whose times are declared instead of computed (docs/reference/declared-devices.md). */
export interface DeclaredDevice {
  /** The profile, for the coordinator, which plans with it. */
  readonly profileJson: string;
  /** Factor on every declared time. */
  readonly timeDilation: number;
}

/**
 * Opens `PROFILE.json`, or a built-in name, with an optional factor on its times: `a5000-sd21,dilation=4`.
 * Throws `file_not_found`, `file_unreadable`, `invalid_settings`.
 */
export async function openDeclaredDevice(text: string): Promise<DeclaredDevice> {
  const [source = '', ...settings] = text.split(',');
  const profile = await loadProfile(source);
  let timeDilation = profile.time_dilation;
  for (const setting of settings) {
    const factor = /^dilation=(\d+(?:\.\d+)?)$/.exec(setting)?.[1];
    if (factor === undefined || Number(factor) <= 0) {
      throw new AsyncDiffError('invalid_settings', `device declared:${text}: "${setting}" is not a setting`, {
        hint: 'Write declared:PROFILE.json,dilation=4.',
      });
    }
    timeDilation = Number(factor);
  }
  return { profileJson: JSON.stringify({ ...profile, time_dilation: timeDilation }), timeDilation };
}
