import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { openDeclaredDevice } from '../../execution/declared/index.js';
import { parseDevice } from '../../execution/index.js';
import { Hosts } from './hosts.js';
import { Namespace, ownPrefix } from './namespace.js';
import { Network } from './network.js';
import { describe, networkDocument, type NetworkDocument } from './network-document.js';
import type { MultihostOptions } from './options.js';
import { dilate } from './shaping.js';

interface MultihostIo {
  readonly stderr: { write(text: string): unknown };
  /** Ends the run; what it made is removed all the same. */
  readonly signal: AbortSignal;
}

interface MultihostResult {
  /** Of bench, or of the command. */
  readonly exitCode: number;
  readonly network: NetworkDocument;
  /** What it wrote, with `capture`. */
  readonly output: string;
}

/** Makes hosts, runs a bench (or a command) on them, and removes everything again, whatever happens. */
export async function runMultihost(
  options: MultihostOptions,
  io: MultihostIo,
  capture: boolean,
): Promise<MultihostResult> {
  const { signal } = io;
  const say = (text: string): void => void io.stderr.write(`multihost: ${text}\n`);
  const dilation = await dilationOf(options.device);
  const asked = { rateBitsPerSecond: options.rateBitsPerSecond, delayMs: options.delayMs };
  const folder = runFolder(ownPrefix());
  const namespaces: Namespace[] = [];
  let hosts: Hosts | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    say(`making ${options.hosts + 1} hosts`);
    const network = await Network.make(
      options.hosts,
      dilate(asked, dilation),
      (namespace) => namespaces.push(namespace),
      signal,
    );
    hosts = new Hosts(network, signal);
    const measured = await hosts.connect();
    say('starting coordinator and workers');
    const facts = await hosts.startProcesses({
      device: options.device,
      threads: options.threads,
      modelDir: options.modelDir,
      cacheDir: options.cacheDir ?? folder,
    });
    const document = networkDocument({ network, asked, dilation, measured, workers: facts });
    for (const line of describe(document)) say(line);
    const words = options.command ?? [
      'asyncdiff',
      'bench',
      ...options.benchOptions,
      ...(capture ? ['--json'] : []),
    ];
    const child = hosts.run(words, capture ? 'keep' : 'pass');
    const interrupt = (): void => void child.stop('SIGINT');
    signal.addEventListener('abort', interrupt, { once: true });
    const exitCode = await child.ended;
    signal.removeEventListener('abort', interrupt);
    if (exitCode !== 0 && !signal.aborted) for (const failure of hosts.failures) say(failure);
    return { exitCode, network: document, output: child.output };
  } finally {
    await hosts?.stop();
    for (const namespace of namespaces.toReversed()) await remove(namespace, say);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes namespaces, their processes and folders of runs that were killed; returns the names of the namespaces. */
export async function cleanUp(): Promise<string[]> {
  const removed: string[] = [];
  for (const namespace of await Namespace.leftovers()) {
    await namespace.remove();
    rmSync(runFolder(namespace.name.replace(/-[^-]*$/, '')), { recursive: true, force: true });
    removed.push(namespace.name);
  }
  return removed;
}

function runFolder(prefix: string): string {
  return join(tmpdir(), `${prefix}-run`);
}

async function dilationOf(device: string): Promise<number> {
  const spec = parseDevice(device);
  return spec.kind === 'declared' ? (await openDeclaredDevice(spec.profile)).timeDilation : 1;
}

/** One that cannot be removed must not keep the others. */
async function remove(namespace: Namespace, say: (text: string) => void): Promise<void> {
  try {
    await namespace.remove();
  } catch (error) {
    say(`${AsyncDiffError.from(error).message}; try --cleanup`);
  }
}
