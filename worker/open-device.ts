import type { DeclaredDevice } from '../execution/declared/index.js';
import { loadOrt, parseDevice, probeDevice } from '../execution/runtime/index.js';

/**
 * Looks at a worker's device before it joins: one that does not open would be planned with, and fail every job. Undefined for a device that computes.
 * @throws AsyncDiffError `invalid_settings`, `file_not_found`, `provider_unavailable`, `cancelled`
 */
export async function openDevice(
  device: string,
  signal: AbortSignal | undefined,
): Promise<DeclaredDevice | undefined> {
  const spec = parseDevice(device);
  if (spec.kind === 'declared') {
    // Few devices are declared: what reads their profiles is loaded for those.
    const { openDeclaredDevice } = await import('../execution/declared/index.js');
    return openDeclaredDevice(spec.profile);
  }
  await loadOrt();
  if (spec.provider !== 'cpu') await probeDevice(device, spec.provider, signal);
  return undefined;
}
