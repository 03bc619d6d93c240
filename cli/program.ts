import { Command } from 'commander';
import { packageVersion } from '../common/package.js';
import { checkNotEmpty } from './flag.js';
import type { CommandIo } from './io.js';

const DRAW = 'Pictures:';
const HOSTS = 'Hosts and jobs:';
const LOOK = 'Measuring, installing:';

interface CommandEntry {
  /** Its heading in the list of commands. */
  readonly group: string;
  readonly description: string;
  /** The module that gives the command its flags and runs it. */
  readonly load: () => Promise<{ register: (command: Command, io: CommandIo) => void }>;
}

/** Every command, by name. A command's module is loaded when it is used: `--help` loads none of them. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = Object.freeze({
  generate: {
    group: DRAW,
    description: 'Draw a picture from a prompt, on several workers.',
    load: () => import('./commands/generate.js'),
  },
  denoise: {
    group: DRAW,
    description: 'Run any noise predictor on given latents, without a text pipeline.',
    load: () => import('./commands/denoise.js'),
  },
  run: {
    group: DRAW,
    description: 'Run any other ONNX model over a list of inputs, as a pipeline of several workers.',
    load: () => import('./commands/run.js'),
  },
  worker: {
    group: HOSTS,
    description: 'Run a worker: it computes parts of noise predictors on one device.',
    load: () => import('./commands/worker.js'),
  },
  serve: {
    group: HOSTS,
    description: 'Run the coordinator: it takes jobs and workers. It needs no GPU.',
    load: () => import('./commands/serve.js'),
  },
  status: {
    group: HOSTS,
    description: 'Show the workers and the queue of a coordinator.',
    load: () => import('./commands/status.js'),
  },
  jobs: {
    group: HOSTS,
    description: 'List the jobs of a coordinator that wait, run or have ended lately, or follow them.',
    load: () => import('./commands/jobs.js'),
  },
  cancel: {
    group: HOSTS,
    description: 'Cancel a job by its id.',
    load: () => import('./commands/cancel.js'),
  },
  plan: {
    group: LOOK,
    description: 'Cut a noise predictor and show the parts, without running anything.',
    load: () => import('./commands/plan.js'),
  },
  bench: {
    group: LOOK,
    description: 'Measure configurations against one worker, in turn, and say where the time goes.',
    load: () => import('./commands/bench.js'),
  },
  demo: {
    group: DRAW,
    description: 'Draw the same picture on one worker and on two, and compare.',
    load: () => import('./commands/demo.js'),
  },
  cache: {
    group: LOOK,
    description: 'Show or delete what workers keep of models on this host.',
    load: () => import('./commands/cache.js'),
  },
  keys: {
    group: HOSTS,
    description:
      'Give keys to clients and workers, and take them back. A server with --keys FILE sees changes at once.',
    load: () => import('./commands/keys.js'),
  },
  certs: {
    group: HOSTS,
    description: 'Make a CA for development and a certificate for each host, for TLS on every link.',
    load: () => import('./commands/certs.js'),
  },
  setup: {
    group: LOOK,
    description: 'Install what computes: ONNX Runtime, and its CUDA provider.',
    load: () => import('./commands/setup.js'),
  },
  doctor: {
    group: LOOK,
    description: 'Check what works on this machine: versions, devices, folders.',
    load: () => import('./commands/doctor.js'),
  },
});

/** The command line, with the flags of the command that `argv` names; with those of every command where `all` is set. */
export async function openProgram(argv: readonly string[], io: CommandIo, all = false): Promise<Command> {
  const program = new Command('asyncdiff')
    .description('One diffusion image, faster, from several hosts.')
    .version(packageVersion, '--version', 'print the version')
    .option('-v, --verbose', 'print stack traces and debug logs')
    // What commander finds is thrown, and told by `main` as every other error is.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .hook('preAction', (_, command) => checkNotEmpty(command));
  const wanted = wantedCommand(argv);
  for (const [name, { description, group, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(description).helpGroup(group);
    if (all || name === wanted) (await load()).register(command, io);
  }
  return program;
}

/** The command that a command line names, as it is called: `asyncdiff plan`. */
export function commandName(argv: readonly string[]): string {
  return ['asyncdiff', wantedCommand(argv) ?? []].flat().join(' ');
}

function wantedCommand(argv: readonly string[]): string | undefined {
  return argv.find((word) => Object.hasOwn(COMMANDS, word));
}
