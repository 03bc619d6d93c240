import { CommanderError } from 'commander';
import { EXIT } from '../common/errors/index.js';
import type { CommandIo } from './io.js';
import { printError, usageError } from './print-error.js';
import { commandName, openProgram } from './program.js';

/**
 * Runs one command line to its end: what failed is told on stderr.
 *
 * @param endedBySignal 130 or 143 once a signal has ended it
 * @returns the exit code
 */
export async function runCommand(
  argv: readonly string[],
  io: CommandIo,
  endedBySignal: () => number | undefined,
): Promise<number> {
  const verbose = argv.includes('-v') || argv.includes('--verbose');
  const telling = { verbose, command: commandName(argv) };
  try {
    const program = await openProgram(argv, io);
    await program.parseAsync(argv, { from: 'user' });
    return endedBySignal() ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      // Without a command commander shows the help; that is the whole answer.
      return error.code === 'commander.help' ? EXIT.usage : printError(usageError(error), io.stderr, telling);
    }
    // What fails on the way down (a worker that goes, a stream that breaks) is not news to who asked for it.
    const exitCode = endedBySignal();
    if (exitCode !== undefined) {
      io.stderr.write('cancelled\n');
      return exitCode;
    }
    return printError(error, io.stderr, telling);
  }
}
