import { AsyncDiffError, EXIT } from '../../common/errors/index.js';

/** Aborted by the first signal that asks this process to end; later ones wait until everything is removed. */
export function untilSignalled(): {
  readonly signal: AbortSignal;
  readonly exitCode: () => number | undefined;
} {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const codes = { SIGINT: EXIT.sigint, SIGTERM: EXIT.sigterm, SIGHUP: 129 } as const;
  for (const [name, code] of Object.entries(codes)) {
    process.on(name, () => {
      if (exitCode === undefined) process.stderr.write(`multihost: ${name}, removing what was made\n`);
      exitCode ??= code;
      controller.abort(new AsyncDiffError('cancelled', `ended by ${name}`));
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}

/** Says what went wrong and what to do about it; the exit code. */
export function report(error: unknown): number {
  const own = AsyncDiffError.from(error);
  process.stderr.write(`error: ${own.message}\nhint: ${own.hint}\n`);
  if (own.code === 'internal') process.stderr.write(`${own.stack ?? ''}\n`);
  return own.exitCode;
}
