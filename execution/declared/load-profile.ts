import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageRoot } from '../../common/package.js';
import { type DeclaredProfile, parseProfile } from './declared-profile.js';

/** Names of the profiles that come with the package. */
export const BUILT_IN_PROFILES = Object.freeze(['a5000-sd15', 'a5000-sd21', 'a5000-sdxl'] as const);

/**
 * Reads and checks a device profile.
 * @param source a built-in name (`a5000-sd21`), or the path of a JSON file
 * @throws AsyncDiffError file_not_found, or file_unreadable where the file is no profile
 */
export async function loadProfile(source: string): Promise<DeclaredProfile> {
  const builtIn = (BUILT_IN_PROFILES as readonly string[]).includes(source);
  const path = builtIn ? join(packageRoot, 'execution', 'declared', 'profiles', `${source}.json`) : source;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AsyncDiffError(
      missing ? 'file_not_found' : 'file_unreadable',
      missing ? `no device profile ${source}` : `cannot read ${source}: ${(cause as Error).message}`,
      { hint: `Give the path of a profile, or one of ${BUILT_IN_PROFILES.join(', ')}.`, cause },
    );
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new AsyncDiffError('file_unreadable', `${source} is not JSON: ${(cause as Error).message}`, {
      hint: 'A device profile is a JSON file; make one with `npm run profile -- --help`.',
      cause,
    });
  }
  return parseProfile(data, source);
}
