import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type Option } from 'commander';
import { register as registerServe } from '../../cli/commands/serve.js';
import { register as registerWorker } from '../../cli/commands/worker.js';
import type { CommandIo } from '../../cli/io.js';
import { packageRoot } from '../../common/package.js';

export const launchDir: string = join(packageRoot, 'scripts/launch');

export function launchFile(relative: string): string {
  return readFileSync(join(launchDir, relative), 'utf8');
}

export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command with PATH and HOME of this process and nothing else of its environment but `env`. */
export function runScript(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): ScriptResult {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  return { code: status, stdout, stderr };
}

export function isInstalled(command: string): boolean {
  return runScript('sh', ['-c', `command -v ${command}`]).code === 0;
}

/** Options of a long-running command, as the command line registers them. */
export function cliOptions(name: 'serve' | 'worker'): readonly Option[] {
  const command = new Command(name);
  const io: CommandIo = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: {},
    signal: new AbortController().signal,
  };
  if (name === 'serve') registerServe(command, io);
  else registerWorker(command, io);
  return command.options;
}

/** Long flags that `name` takes: `--listen`, ... */
export function cliFlags(name: 'serve' | 'worker'): string[] {
  return cliOptions(name).map(({ long }) => long ?? '');
}

/** Environment variables that `name` reads: `ASYNCDIFF_LISTEN`, ... */
export function cliVariables(name: 'serve' | 'worker'): string[] {
  return cliOptions(name).map(({ envVar }) => envVar ?? '');
}
