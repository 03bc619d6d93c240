import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import { type LinkOptions, openCoordinatorChannel } from '../../rpc/index.js';
import { ControlStream, type CoordinatorStream } from '../../rpc/streams/index.js';
import type { WorkerLog } from '../log.js';

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 5_000;
/** Errors that another try does not mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'protocol_mismatch',
  'worker_refused',
  'unauthenticated',
  'permission_denied',
]);

interface JoinLoopOptions {
  /** HOST:PORT. */
  readonly coordinator: string;
  readonly link: LinkOptions;
  readonly log: WorkerLog;
  /** The coordinator will never take this worker: it speaks another protocol, or says of itself what cannot be. */
  readonly onRefused: (error: AsyncDiffError) => void;
  /** Resolves when the stream has ended, with the reason if it broke, and whether the coordinator had taken this worker. */
  readonly converse: (
    stream: CoordinatorStream,
  ) => Promise<{ readonly error: AsyncDiffError | undefined; readonly wasJoined: boolean }>;
}

export interface JoinLoop {
  stop(): void;
}

/** Stays registered: dials the coordinator, and again after every loss, waiting up to 5 s between tries. */
export function startJoinLoop(options: JoinLoopOptions): JoinLoop {
  const stop = new AbortController();
  void run(options, stop.signal);
  return { stop: () => stop.abort() };
}

async function run(
  { coordinator, link, log, onRefused, converse }: JoinLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = FIRST_WAIT_MS;
  let told = false;
  while (!signal.aborted) {
    const client = openCoordinatorChannel(coordinator, link);
    let error: AsyncDiffError | undefined;
    let wasJoined = false;
    try {
      ({ error, wasJoined } = await converse(new ControlStream(client.join())));
    } catch (thrown) {
      error = AsyncDiffError.from(thrown);
    }
    client.close();
    if (signal.aborted) return;
    if (error !== undefined && FINAL.has(error.code)) {
      onRefused(error);
      return;
    }
    // A coordinator that takes this worker again and again knows when to use it.
    if (wasJoined) {
      waitMs = FIRST_WAIT_MS;
      told = false;
    }
    // Said once, not at every try: an absent coordinator must not fill the log.
    if (!told)
      log.warn(
        { coordinator, error: error?.message, hint: error?.hint },
        'not joined; trying until the coordinator is there',
      );
    told = true;
    await sleep(waitMs, signal);
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
