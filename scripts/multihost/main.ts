#!/usr/bin/env node
// A multi-host run on one machine: docs/guides/multi-host.md.
import { annotateReports, commandLine, networkSection } from './annotate.js';
import { HELP, type MultihostOptions, optionOf, parseOptions } from './options.js';
import { report, untilSignalled } from './process-signals.js';
import { requireNamespaces } from './requirements.js';
import { cleanUp, runMultihost } from './run.js';

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  requireNamespaces('npm run multihost -- ...');
  if (options.cleanup) {
    const removed = await cleanUp();
    process.stdout.write(removed.map((name) => `removed ${name}\n`).join('') || 'nothing was left\n');
    return 0;
  }
  return run(options, commandLine(['npm', 'run', '-s', 'multihost', '--', ...argv]));
}

async function run(options: MultihostOptions, command: string): Promise<number> {
  const bench = options.command === undefined;
  const capture = options.json && bench;
  const io = { stderr: process.stderr, signal: signals.signal };
  const { exitCode, network, output } = await runMultihost(options, io, capture);
  if (!bench) return exitCode;
  const folder = optionOf(options.benchOptions, 'out');
  if (folder !== undefined) annotateReports(folder, network, command);
  // Of a bench that was ended before its time, what it has measured counts.
  if (!capture) process.stdout.write(networkSection(network, command));
  else if (output.trim() !== '')
    process.stdout.write(`${JSON.stringify({ ...(JSON.parse(output) as object), network })}\n`);
  return exitCode;
}

const signals = untilSignalled();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = signals.signal.aborted ? 1 : report(error);
}
process.exitCode = signals.exitCode() ?? process.exitCode;
