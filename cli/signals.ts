import { AsyncDiffError, EXIT } from '../common/errors/index.js';

interface Signals {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** 130 or 143 once a signal has come. */
  readonly exitCode: number | undefined;
}

/** The first signal asks the command to end in order, the second ends the process at once. */
export function startSignals(): Signals {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const on = (name: 'SIGINT' | 'SIGTERM', code: number): void => {
    process.on(name, () => {
      if (exitCode !== undefined) endBySignal(name);
      exitCode = code;
      controller.abort(new AsyncDiffError('cancelled', `ended by ${name}`));
    });
  };
  // Windows has no such signal.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => void tellState());
  on('SIGINT', EXIT.sigint);
  on('SIGTERM', EXIT.sigterm);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
  };
}

/** Resolves when the signal is aborted; at once where it was before. */
export function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/**
 * Ends the process by the signal itself, which a shell reports as 130 or 143: `process.exit` stops the inference thread, and one that is in
 * the middle of a run takes the process down with SIGABRT.
 */
export function endBySignal(name: 'SIGINT' | 'SIGTERM'): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/** Asked with SIGUSR2, a process that seems to hang says what it is at and waits for. */
async function tellState(): Promise<void> {
  // Commands that open nothing do not load it.
  const { describeProcess } = await import('../common/pending/index.js');
  const lines = describeProcess().map((line) => `  ${line}\n`);
  process.stderr.write(`state of process ${process.pid}:\n${lines.join('')}`);
}
