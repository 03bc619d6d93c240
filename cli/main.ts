#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT } from '../common/errors/index.js';
import { packageVersion } from '../common/package.js';
import type { CommandIo } from './io.js';
import { printError } from './print-error.js';
import { startSignals } from './signals.js';

type Register = (program: Command, io: CommandIo) => void;

/** Each command's module is loaded by itself, so that `--help` costs nothing. */
const COMMANDS: Readonly<Record<string, () => Promise<{ register: Register }>>> = Object.freeze({
  worker: () => import('./commands/worker.js'),
  serve: () => import('./commands/serve.js'),
  generate: () => import('./commands/generate.js'),
  denoise: () => import('./commands/denoise.js'),
  plan: () => import('./commands/plan.js'),
  status: () => import('./commands/status.js'),
  demo: () => import('./commands/demo.js'),
  bench: () => import('./commands/bench.js'),
  doctor: () => import('./commands/doctor.js'),
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
  const program = new Command('asyncdiff')
    .description('One diffusion image, faster, from several hosts.')
    .version(packageVersion, '--version', 'print the version')
    .option('-v, --verbose', 'print stack traces and debug logs')
    .showHelpAfterError('(--help shows the options)')
    .exitOverride();
  const wanted = argv.find((word) => word in COMMANDS);
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (wanted === undefined || wanted === name || argv[0] === 'help') (await load()).register(program, io);
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return signals.exitCode ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
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
