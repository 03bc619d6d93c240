import { Command } from 'commander';
import { packageVersion } from '../common/package.js';
import type { CommandIo } from './io.js';

type Register = (program: Command, io: CommandIo) => void;

/** Each command's module is loaded by itself, so that `--help` of one does not load the others. */
const COMMANDS: Readonly<Record<string, () => Promise<{ register: Register }>>> = Object.freeze({
  generate: () => import('./commands/generate.js'),
  denoise: () => import('./commands/denoise.js'),
  worker: () => import('./commands/worker.js'),
  serve: () => import('./commands/serve.js'),
  status: () => import('./commands/status.js'),
  plan: () => import('./commands/plan.js'),
  bench: () => import('./commands/bench.js'),
  demo: () => import('./commands/demo.js'),
  keys: () => import('./commands/keys.js'),
  certs: () => import('./commands/certs.js'),
  doctor: () => import('./commands/doctor.js'),
});

/** The command line, with the command that `argv` names, or with all of them if it names none. */
export async function openProgram(argv: readonly string[], io: CommandIo): Promise<Command> {
  const program = new Command('asyncdiff')
    .description('One diffusion image, faster, from several hosts.')
    .version(packageVersion, '--version', 'print the version')
    .option('-v, --verbose', 'print stack traces and debug logs')
    .showHelpAfterError('(--help shows the options)')
    .exitOverride();
  const wanted = argv[0] === 'help' ? undefined : argv.find((word) => Object.hasOwn(COMMANDS, word));
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (wanted === undefined || wanted === name) (await load()).register(program, io);
  }
  return program;
}
