/// <reference types="node" preserve="true" />
/** A coordinator inside of another program: `import { startCoordinator } from 'asyncdiff/coordinator'`. */
import { Coordinator } from './coordinator.js';
import type { StartCoordinatorOptions } from './coordinator-options.js';
import type { CoordinatorLog } from './log.js';

const QUIET: CoordinatorLog = Object.freeze({ info: () => {}, warn: () => {} });
const START_TIMEOUT_MS = 30_000;
const GRACE_MS = 30_000;

export type { CoordinatorLog } from './log.js';
export type { LinkSecurity } from '../rpc/index.js';
export type { StartCoordinatorOptions } from './coordinator-options.js';

/** A coordinator that was started; disposing of it stops it. */
export interface RunningCoordinator extends AsyncDisposable {
  /** HOST:PORT with the port that was bound. */
  readonly address: string;
  /**
   * Resolves when so many workers are registered.
   *
   * @throws AsyncDiffError `no_workers` after `timeoutMs` (30 s), `cancelled`
   */
  waitForWorkers(
    count: number,
    options?: { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** Makes a noise predictor of this host known without a copy; its content address, for `denoise`. */
  addModel(modelPath: string): Promise<string>;
  /** Takes no new jobs, lets the running one finish within `graceMs` (30 s), closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts a coordinator in this process. It needs no device.
 *
 * @throws AsyncDiffError `port_in_use`, `address_invalid`, `model_not_found`, `model_invalid`
 */
export async function startCoordinator(options: StartCoordinatorOptions): Promise<RunningCoordinator> {
  const coordinator = await Coordinator.start({ ...options, log: options.log ?? QUIET });
  const stop = (graceMs = GRACE_MS): Promise<void> => coordinator.stop(graceMs);
  return {
    address: coordinator.address,
    waitForWorkers: (count, { timeoutMs = START_TIMEOUT_MS, signal } = {}) =>
      coordinator.registry.waitFor(count, timeoutMs, signal),
    addModel: (modelPath) => coordinator.models.addLocal(modelPath),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}
