#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_ARENA_MAX=1 node --no-incremental-marking
// The settings of common/process-tuning.ts: Node and glibc read them before a line of ours runs.
import { CommanderError } from 'commander';
import { EXIT } from '../common/errors/index.js';
import type { CommandIo } from './io.js';
import { printError, usageError } from './print-error.js';
import { openProgram } from './program.js';
import { startSignals } from './signals.js';

// grpc-js prints to stderr what it then also throws; it reads this when a command loads it.
process.env['GRPC_VERBOSITY'] ??= 'NONE';

// Who reads the output may stop reading (`| head -1`): that is no failure, and nobody is left to tell. A lost stderr ends nothing.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

async function main(argv: readonly string[]): Promise<number> {
  const verbose = argv.includes('-v') || argv.includes('--verbose');
  const signals = startSignals();
  const io: CommandIo = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: signals.signal,
  };
  const program = await openProgram(argv, io);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return signals.exitCode ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // Without a command commander shows the help; that is the whole answer.
      return error.code === 'commander.help' ? EXIT.usage : printError(usageError(error), io.stderr, verbose);
    }
    // What fails on the way down (a worker that goes, a stream that breaks) is not news to who asked for it.
    if (signals.exitCode !== undefined) {
      process.stderr.write('cancelled\n');
      return signals.exitCode;
    }
    return printError(error, io.stderr, verbose);
  }
}

// Everything that a command opened is closed by now; what a library may still hold must not keep the process.
process.exitCode = await main(process.argv.slice(2));
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit();
