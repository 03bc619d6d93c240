#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_ARENA_MAX=1 node --no-incremental-marking
// The settings of common/process-tuning.ts: Node and glibc read them before a line of ours runs.
import { EXIT } from '../common/errors/index.js';
import type { CommandIo } from './io.js';
import { runCommand } from './run-command.js';
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

const signals = startSignals();
const io: CommandIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: signals.signal,
};

// Everything that a command opened is closed by now; what a library may still hold must not keep the process.
process.exitCode = await runCommand(process.argv.slice(2), io, () => signals.exitCode);
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit();
