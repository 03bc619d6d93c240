#!/usr/bin/env node
// A multi-host run on one machine: docs/guides/multi-host.md.
import { HELP, parseOptions } from './options.js';
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
  const capture = options.json && options.command === undefined;
  const { exitCode, network, output } = await runMultihost(
    options,
    { stderr: process.stderr, signal: signals.signal },
    capture,
  );
  if (capture && output.trim() !== '') {
    const document = JSON.parse(output) as object;
    process.stdout.write(`${JSON.stringify({ ...document, network })}\n`);
  }
  return exitCode;
}

const signals = untilSignalled();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = signals.signal.aborted ? 1 : report(error);
}
process.exitCode = signals.exitCode() ?? process.exitCode;
