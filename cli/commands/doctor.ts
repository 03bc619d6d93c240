import type { Command } from 'commander';
import { type CommandIo, writeJson } from '../io.js';
import { runChecks } from '../doctor-checks.js';

export function register(command: Command, io: CommandIo): void {
  command.option('--json', 'print one JSON document').action((flags: { json?: boolean }) => run(flags, io));
}

export async function run(flags: { readonly json?: boolean }, io: CommandIo): Promise<void> {
  const checks = await runChecks();
  if (flags.json === true) {
    writeJson(io, { schema: 'asyncdiff.doctor/1', checks });
    return;
  }
  for (const { name, ok, detail, hint } of checks) {
    io.stdout.write(`${ok ? 'ok  ' : 'no  '}${name}: ${detail}\n`);
    if (!ok && hint !== undefined) io.stdout.write(`      ${hint}\n`);
  }
}
