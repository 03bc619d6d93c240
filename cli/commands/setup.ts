import type { Command } from 'commander';
import { type CommandIo, writeJson } from '../io.js';
import { installCudaProvider, installRuntime } from '../install-runtime.js';

interface SetupFlags {
  readonly json?: boolean;
}

export function register(command: Command, io: CommandIo): void {
  command
    .argument('[what]', "cuda: ONNX Runtime's CUDA 12 provider as well (Linux x64, needs the network)")
    .option('--json', 'print one JSON document')
    .action((what: string | undefined, flags: SetupFlags) => run(what, flags, io));
}

export async function run(what: string | undefined, flags: SetupFlags, io: CommandIo): Promise<void> {
  const runtime = await installRuntime(io);
  const cuda = what === undefined ? undefined : await installCudaProvider(what, runtime.folder, io);
  if (flags.json === true) writeJson(io, { schema: 'asyncdiff.setup/1', ...runtime, cuda });
  else {
    io.stdout.write(`onnxruntime-node ${runtime.version}: ${runtime.folder}\n`);
    if (cuda !== undefined) io.stdout.write(`CUDA provider: ${cuda}\n`);
    io.stdout.write('`asyncdiff doctor` shows which devices open.\n');
  }
}
