import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { distFile } from '../../common/package.js';
import { providerHint } from './device.js';

const run = promisify(execFile);
/** A GPU's first session compiles its kernels. */
const PROBE_MS = 120_000;

/**
 * Opens a small model on a device of ONNX Runtime, in a process of its own: what a driver prints, and how it dies, stays there.
 *
 * @param device as on the command line: `cuda:0`
 * @throws AsyncDiffError `provider_unavailable`, `cancelled`
 */
export async function probeDevice(device: string, provider: string, signal?: AbortSignal): Promise<void> {
  const probe = [distFile('execution/device-probe.js'), device];
  const fault = await run(process.execPath, probe, { timeout: PROBE_MS, signal }).then(
    ({ stdout }) => stdout,
    (error: { signal?: string; code?: number; killed?: boolean }) =>
      error.killed === true
        ? `a small model was not open after ${PROBE_MS / 1000} s`
        : `the process ended with ${error.signal ?? error.code}`,
  );
  throwIfAborted(signal);
  if (fault !== '')
    throw new AsyncDiffError('provider_unavailable', `device ${device}: ${fault}`, {
      hint: providerHint(provider, fault),
    });
}
