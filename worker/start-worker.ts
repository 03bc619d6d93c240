/// <reference types="node" preserve="true" />
/** A worker inside of another program: `import { startWorker } from 'asyncdiff/worker'`. */
import type { AsyncDiffError } from '../common/errors/index.js';
import type { WorkerLog } from './log.js';
import type { WorkerOptions, WorkerState } from './worker-options.js';
import { AsyncDiffWorker } from './worker.js';

const QUIET: WorkerLog = Object.freeze({ info: () => {}, warn: () => {} });
const GRACE_MS = 30_000;

export type { WorkerLog } from './log.js';
export type { WorkerState } from './worker-options.js';

/** As the flags of `asyncdiff worker`; `join`, `listen` or both. */
export type StartWorkerOptions = Omit<WorkerOptions, 'log'> & {
  /** Structured log lines; a pino logger serves. Defaults to none. */
  readonly log?: WorkerLog | undefined;
};

/** A worker that was started; disposing of it stops it. */
export interface RunningWorker extends AsyncDisposable {
  /** HOST:PORT at which it listens. */
  readonly address: string;
  readonly state: WorkerState;
  /** Resolves if it ends by itself: its inference thread died, or a coordinator refused it for good. */
  readonly death: Promise<AsyncDiffError>;
  /** Finishes the job in progress (up to `graceMs`, 30 s), tells the coordinator, closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts a worker in this process; it computes in a thread of its own. `asyncdiff worker` gives Node and glibc settings that
 * make large tensors cheaper (common/process-tuning.ts), which a running process cannot give itself.
 *
 * @throws AsyncDiffError `port_in_use`, `address_invalid`, `invalid_settings`, `file_not_found`, `provider_unavailable`
 */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const worker = await AsyncDiffWorker.start({ ...options, log: options.log ?? QUIET });
  const stop = (graceMs = GRACE_MS): Promise<void> => worker.stop(graceMs);
  return {
    address: worker.address,
    get state() {
      return worker.state;
    },
    death: worker.death,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}
