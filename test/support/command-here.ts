import { runCommand } from '../../cli/run-command.js';
import type { CliExit } from './child.js';
import { expectFailed, type ExpectedFailure } from './cli.js';

/**
 * Runs `asyncdiff ...` in this process: all that main.ts calls, without the start of a process, which costs more than most commands that are
 * refused. For commands that end by themselves and give nothing to the process's own streams; what a process adds (its exit code, signals,
 * closed streams) is tried with {@link runCli}.
 */
export async function runHere(args: readonly string[]): Promise<CliExit> {
  let [stdout, stderr] = ['', ''];
  const io = {
    stdout: { write: (text: string) => void (stdout += text) },
    stderr: { write: (text: string) => void (stderr += text) },
    env: {},
    signal: new AbortController().signal,
  };
  const code = await runCommand(args, io, () => undefined);
  return { code, signal: null, stdout, stderr };
}

/** As {@link expectFailure}, in this process. */
export async function expectFailureHere(args: readonly string[], expected: ExpectedFailure): Promise<void> {
  expectFailed(await runHere(args), expected);
}
