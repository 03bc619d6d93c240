import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageRoot } from '../../common/package.js';
import { parseRate } from '../delay-proxy.js';

export const HELP = `multihost: a real multi-host run on one Linux machine. Hosts are network namespaces; needs root.

  npm run -s multihost -- --hosts K [--rate 1gbit] [--delay-ms 2] [bench options...]
  npm run -s multihost -- --hosts K [--rate 1gbit] [--delay-ms 2] -- asyncdiff generate "a fox" --out out/fox.png

  --hosts K        workers, each on a host of its own; one more host is the coordinator's (2)
  --rate R         of every host's link, each way: 10gbit, 1gbit, 100mbit (no limit)
  --delay-ms D     from one host to another, one way; the round trip is twice that (0)
  --device DEV     of every worker: cpu, or declared:PROFILE[,dilation=D] (cpu)
  --threads N      ONNX Runtime threads of every worker (the cores shared out)
  --model DIR      model folder of the coordinator (models/emoji)
  --cache DIR      keeps plans and segments between runs (a folder that goes with the run)
  --json           one JSON document on stdout: that of bench, with \`network\` added
  --cleanup        removes what killed runs have left, and does nothing else
  --help

Other options go to \`asyncdiff bench\`, e.g. --configs n1s1,n2s1 --repeats 3 --num-inference-steps 50 --out out/bench.
After a second \`--\` comes a command to run on the coordinator's host instead; ASYNCDIFF_COORDINATOR tells it where.
With a declared device dilated by D, rates are divided and delays multiplied by D, so that all proportions hold.
`;

export interface MultihostOptions {
  /** Workers; the coordinator has a host of its own beside them. */
  readonly hosts: number;
  /** Of each direction of each host's link, bits per second, as asked for; none: no limit. */
  readonly rateBitsPerSecond: number | undefined;
  /** One way, milliseconds, as asked for. */
  readonly delayMs: number;
  readonly device: string;
  readonly threads: number;
  readonly modelDir: string;
  readonly cacheDir: string | undefined;
  readonly json: boolean;
  readonly cleanup: boolean;
  readonly help: boolean;
  /** Passed on to bench. */
  readonly benchOptions: readonly string[];
  /** Runs instead of bench. */
  readonly command: readonly string[] | undefined;
}

const VALUE_OPTIONS = ['hosts', 'rate', 'delay-ms', 'device', 'threads', 'model', 'cache'] as const;
const SWITCHES = ['json', 'cleanup', 'help'] as const;
/** Addresses are 10.77.0.N. */
const MAX_HOSTS = 200;

type ValueOption = (typeof VALUE_OPTIONS)[number];
type Switch = (typeof SWITCHES)[number];

/** What it does not know belongs to bench. Throws `usage`. */
export function parseOptions(argv: readonly string[]): MultihostOptions {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const values = new Map<ValueOption, string>();
  const switches = new Set<Switch>();
  const benchOptions: string[] = [];
  for (let at = 0; at < own.length; at++) {
    const word = own[at] as string;
    const [name = '', ...rest] = word.startsWith('--') ? word.slice(2).split('=') : [];
    if (SWITCHES.includes(name as Switch)) switches.add(name as Switch);
    else if (VALUE_OPTIONS.includes(name as ValueOption)) {
      const value = rest.length > 0 ? rest.join('=') : own[++at];
      if (value === undefined) throw usage(`--${name} takes a value`);
      values.set(name as ValueOption, value);
    } else benchOptions.push(word);
  }
  const command = end === -1 ? undefined : argv.slice(end + 1);
  if (command !== undefined && (command.length === 0 || benchOptions.length > 0)) {
    throw usage(
      command.length === 0
        ? 'no command after --'
        : `${benchOptions[0]} would go to bench, which does not run when a command is given after --`,
    );
  }
  const hosts = wholeNumber('hosts', values.get('hosts') ?? '2', MAX_HOSTS);
  const delayMs = Number(values.get('delay-ms') ?? '0');
  if (!(delayMs >= 0 && delayMs <= 10_000)) throw usage('--delay-ms takes a number from 0 to 10000');
  const threads = Math.max(1, Math.floor(availableParallelism() / hosts));
  return {
    hosts,
    rateBitsPerSecond: values.has('rate') ? rateOf(values.get('rate') as string) : undefined,
    delayMs,
    device: values.get('device') ?? 'cpu',
    threads: values.has('threads') ? wholeNumber('threads', values.get('threads') as string, 256) : threads,
    modelDir: values.get('model') ?? join(packageRoot, 'models', 'emoji'),
    cacheDir: values.get('cache'),
    json: switches.has('json'),
    cleanup: switches.has('cleanup'),
    help: switches.has('help'),
    benchOptions,
    command,
  };
}

function usage(text: string): AsyncDiffError {
  return new AsyncDiffError('usage', text, { hint: 'npm run -s multihost -- --help shows the options.' });
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw usage(`--${name} takes a whole number from 1 to ${most}, not "${text}"`);
}

function rateOf(text: string): number {
  try {
    return parseRate(text) * 8;
  } catch (error) {
    throw usage(`--rate: ${(error as Error).message}`);
  }
}

/** Value of an option among words that belong to another command, written as `--name value` or `--name=value`. */
export function optionOf(words: readonly string[], name: string): string | undefined {
  const at = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at === -1) return undefined;
  const [, ...value] = (words[at] as string).split('=');
  return value.length > 0 ? value.join('=') : words[at + 1];
}
