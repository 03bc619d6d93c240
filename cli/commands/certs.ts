import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import { makeFolder } from '../../common/make-folder.js';
import { writeWhole } from '../../common/write-whole.js';
import type { PemPair } from '../development-ca.js';
import { flag } from '../flag.js';
import { type CommandIo, writeJson } from '../io.js';
import { wholeNumber } from '../numbers.js';

interface CertsFlags {
  readonly hosts: string;
  readonly days: number;
  readonly json?: boolean;
}

const OWNER_ONLY = 0o600;
const EVERYONE_READS = 0o644;

export function register(command: Command, io: CommandIo): void {
  command
    .argument('<dir>', 'folder of ca.crt and ca.key (kept if they are there), and of HOST.crt and HOST.key')
    .requiredOption(
      '--hosts <list>',
      'HOST,HOST,...: names or IP addresses; others of the same host follow it, gpu1=10.0.0.11=gpu1.lan',
    )
    .addOption(
      flag('--days <n>', 'how long a certificate of a host is valid')
        .argParser(wholeNumber('days', 1, 3650))
        .default(365),
    )
    .option('--json', 'print one JSON document')
    .action((dir: string, flags: CertsFlags) => run(dir, flags, io));
}

export async function run(dir: string, flags: CertsFlags, io: CommandIo): Promise<void> {
  // Loaded here: no other command needs the library.
  const { makeCa, makeHostCertificate, parseHost } = await import('../development-ca.js');
  const texts = flags.hosts.split(',').filter((text) => text.trim() !== '');
  if (texts.length === 0) throw new AsyncDiffError('usage', '--hosts names no host');
  const hosts = await Promise.all(texts.map(parseHost));
  const twice = hosts.find(({ name }, index) => hosts.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new AsyncDiffError('usage', `--hosts: ${twice.name} stands there twice`);
  await prepare(dir);
  const caPaths = { certificate: join(dir, 'ca.crt'), key: join(dir, 'ca.key') };
  let ca = await readPair(caPaths);
  const isNewCa = ca === undefined;
  if (ca === undefined) {
    ca = await makeCa();
    await writePair(caPaths, ca);
  }
  const made = [];
  for (const host of hosts) {
    const paths = { certificate: join(dir, `${host.name}.crt`), key: join(dir, `${host.name}.key`) };
    await writePair(paths, await makeHostCertificate(ca, host, flags.days));
    made.push({ name: host.name, ...paths, names: host.names });
  }
  if (flags.json === true) {
    writeJson(io, { schema: 'asyncdiff.certs/1', ca: caPaths.certificate, new_ca: isNewCa, hosts: made });
    return;
  }
  io.stdout.write(`${caPaths.certificate}  ${isNewCa ? 'new CA' : 'CA, as it was'}\n`);
  for (const { certificate, names } of made) io.stdout.write(`${certificate}  ${names.join(', ')}\n`);
  io.stderr.write(
    `Copy ca.crt and its own HOST.crt and HOST.key to each host, and start every process there with\n` +
      `--tls-ca ca.crt --tls-cert HOST.crt --tls-key HOST.key. Keep ca.key here.\n`,
  );
}

async function prepare(dir: string): Promise<void> {
  try {
    await makeFolder(dir);
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}

/** What the files of a pair hold; undefined if there are none. */
async function readPair(paths: PemPair): Promise<PemPair | undefined> {
  const [certificate, key] = await Promise.all([paths.certificate, paths.key].map(readIfThere));
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  const [there, missing] =
    certificate === undefined ? [paths.key, paths.certificate] : [paths.certificate, paths.key];
  throw new AsyncDiffError('file_not_found', `there is ${there}, but not ${missing}`, {
    hint: 'Make certificates in the folder that has both, or in an empty one.',
  });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AsyncDiffError('file_unreadable', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function writePair(paths: PemPair, pair: PemPair): Promise<void> {
  try {
    await writeWhole(paths.key, pair.key, OWNER_ONLY);
    await writeWhole(paths.certificate, pair.certificate, EVERYONE_READS);
  } catch (cause) {
    throw unwritable(paths.key, cause);
  }
}

function unwritable(path: string, cause: unknown): AsyncDiffError {
  const why = AsyncDiffError.from(cause).rawMessage;
  return new AsyncDiffError('file_unreadable', `${path} cannot be written: ${why}`, {
    cause,
    hint: 'Give a folder that this user may write to, on a disk that has room.',
  });
}
