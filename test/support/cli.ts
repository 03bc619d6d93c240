import { expect } from 'vitest';
import { CliProcess, type CliExit, type CliOptions } from './child.js';

/** Runs `asyncdiff ...` to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliExit> {
  const cli = new CliProcess(args, options);
  cli.child.stdin?.end();
  return cli.exit;
}

/** The one line of JSON of a command that succeeded. */
export async function jsonOf(running: Promise<CliExit>): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await running;
  expect(code, stderr).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What a failed command told: `error: [code] text`, its hint, its exit code. */
export function failureOf({ code, stdout, stderr }: CliExit): {
  exitCode: number | null;
  code: string;
  message: string;
  hint: string;
  stdout: string;
} {
  return {
    exitCode: code,
    code: /^error: \[(\w+)\]/m.exec(stderr)?.[1] ?? `no error code in: ${stderr}`,
    message: /^error: \[\w+\] (.*)$/m.exec(stderr)?.[1] ?? '',
    hint: /^hint: (.*)$/m.exec(stderr)?.[1] ?? '',
    stdout,
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when `condition` holds; rejects with `what` after `timeoutMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface ExpectedFailure {
  readonly code: string;
  readonly exitCode: number;
  readonly message: RegExp;
  readonly hint?: RegExp;
}

/** The command failed as said, with a hint, and left stdout empty. */
export function expectFailed(exit: CliExit, expected: ExpectedFailure): void {
  const failure = failureOf(exit);
  expect(failure).toMatchObject({ code: expected.code, exitCode: expected.exitCode, stdout: '' });
  expect(failure.message).toMatch(expected.message);
  expect(failure.hint).toMatch(expected.hint ?? /./);
}

/** The command, as a process of its own, fails as said. */
export async function expectFailure(
  args: readonly string[],
  expected: ExpectedFailure,
  options: CliOptions = {},
): Promise<void> {
  expectFailed(await runCli(args, options), expected);
}
