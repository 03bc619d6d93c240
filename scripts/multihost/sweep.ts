#!/usr/bin/env node
// The same bench over several networks, and one table of them: docs/guides/multi-host.md.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { annotateReports, commandLine } from './annotate.js';
import { parseOptions } from './options.js';
import { report, untilSignalled } from './process-signals.js';
import { requireNamespaces } from './requirements.js';
import { runMultihost } from './run.js';
import type { BenchDocument } from '../../cli/bench/index.js';
import { type SweepCell, sweepMarkdown } from './sweep-table.js';

const HELP = `multihost:sweep: the same bench over several networks. Needs root.

  npm run -s multihost:sweep -- --hosts K --configs n2s1,n4s1 [--device declared:a5000-sd21,dilation=16] [bench options...]

  --rates LIST      10gbit,1gbit,100mbit
  --delays-ms LIST  one way: 0.1,2,10
  --dilations LIST  of a declared device, one for each rate: what is fast needs more of it, and slow links would take long
  --out DIR         sweep.json, sweep.md, and a folder with the report of bench for each network (out/multihost-sweep)
  --json            the JSON document on stdout, instead of the table

Everything else is as in \`npm run multihost -- --help\`.
`;

const OWN = {
  rates: '10gbit,1gbit,100mbit',
  'delays-ms': '0.1,2,10',
  dilations: '',
  out: 'out/multihost-sweep',
};

/** Takes its own options out of the words. */
function split(argv: readonly string[]): { own: typeof OWN; rest: string[] } {
  const own = { ...OWN };
  const rest: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [name = '', ...value] = (argv[at] as string).replace(/^--/, '').split('=');
    if (!(argv[at] as string).startsWith('--') || !(name in own)) rest.push(argv[at] as string);
    else {
      const text = value.length > 0 ? value.join('=') : argv[++at];
      if (text === undefined) throw new AsyncDiffError('usage', `--${name} takes a value`);
      own[name as keyof typeof OWN] = text;
    }
  }
  return { own, rest };
}

async function main(argv: readonly string[]): Promise<number> {
  const { own, rest } = split(argv);
  const base = parseOptions(rest);
  if (base.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (base.command !== undefined) throw new AsyncDiffError('usage', 'the sweep runs bench only');
  requireNamespaces('npm run multihost:sweep -- ...');
  const networks = networksOf(own, base.device);
  // Looked at before the first of them takes its minutes.
  for (const { argv } of networks) parseOptions([...rest, ...argv]);
  mkdirSync(own.out, { recursive: true });
  // Segments and costs of nodes are the same in every network.
  const cache = base.cacheDir ?? mkdtempSync(join(tmpdir(), 'asyncdiff-sweep-'));
  const command = commandLine(['npm', 'run', '-s', 'multihost:sweep', '--', ...argv]);
  const cells: SweepCell[] = [];
  let document = {};
  let markdown = '';
  try {
    for (const network of networks) {
      if (signals.signal.aborted) break;
      process.stderr.write(`multihost: ${network.name} (${cells.length + 1} of ${networks.length})\n`);
      cells.push(await measure(rest, network, { cache, folder: join(own.out, network.name) }));
      document = { schema: 'asyncdiff.multihost-sweep/1', command, cells };
      markdown = sweepMarkdown(cells, command);
      writeFileSync(join(own.out, 'sweep.json'), `${JSON.stringify(document, null, 2)}\n`);
      writeFileSync(join(own.out, 'sweep.md'), markdown);
    }
  } finally {
    if (base.cacheDir === undefined) rmSync(cache, { recursive: true, force: true });
  }
  process.stdout.write(base.json ? `${JSON.stringify(document)}\n` : markdown);
  return cells.length === networks.length && cells.every(({ error }) => error === null) ? 0 : 1;
}

interface SweptNetwork {
  readonly name: string;
  readonly rate: string;
  readonly delayMs: number;
  readonly argv: readonly string[];
}

function networksOf(own: typeof OWN, device: string): SweptNetwork[] {
  const rates = own.rates.split(',');
  const dilations = own.dilations === '' ? [] : own.dilations.split(',');
  if (dilations.length > 0 && (dilations.length !== rates.length || !device.startsWith('declared:')))
    throw new AsyncDiffError('usage', '--dilations takes one for each of --rates, and a declared device');
  return rates.flatMap((rate, index) => {
    const dilated = `${device.split(',')[0]},dilation=${dilations[index]}`;
    return own['delays-ms'].split(',').map((delayMs) => ({
      name: `${rate}-${delayMs}ms`,
      rate,
      delayMs: Number(delayMs),
      argv: ['--rate', rate, '--delay-ms', delayMs, ...(dilations.length > 0 ? ['--device', dilated] : [])],
    }));
  });
}

/** One network. What goes wrong there is written down, and the next one gets its turn. */
async function measure(
  words: readonly string[],
  { rate, delayMs, argv }: SweptNetwork,
  { cache, folder }: { readonly cache: string; readonly folder: string },
): Promise<SweepCell> {
  const cell = { rate, delay_ms: delayMs };
  const own = [...words.filter((word) => word !== '--json'), ...argv];
  const options = parseOptions([...own, '--cache', cache, '--out', folder]);
  try {
    const io = { stderr: process.stderr, signal: signals.signal };
    const { exitCode, network, output } = await runMultihost(options, io, true);
    annotateReports(folder, network, commandLine(['npm', 'run', '-s', 'multihost', '--', ...own]));
    const bench = output.trim() === '' ? null : (JSON.parse(output) as BenchDocument);
    return { ...cell, network, bench, error: exitCode === 0 ? null : `bench ended with ${exitCode}` };
  } catch (error) {
    const own = AsyncDiffError.from(error);
    report(own);
    return { ...cell, network: null, bench: null, error: own.message };
  }
}

const signals = untilSignalled();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}
process.exitCode = signals.exitCode() ?? process.exitCode;
