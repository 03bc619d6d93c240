import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AsyncDiffError } from '../../common/errors/index.js';
import type { Role } from '../../rpc/index.js';
import { type CommandIo, writeJson } from '../io.js';

interface AddFlags {
  readonly role: Role;
  readonly name: string;
  readonly out?: string;
  readonly json?: boolean;
}

interface ListFlags {
  readonly json?: boolean;
}

const MAX_NAME_LENGTH = 64;
const OWNER_ONLY = 0o600;

export function register(keys: Command, io: CommandIo): void {
  keys
    .command('add')
    .description('Make a key, print it once, and keep its hash in the file.')
    .argument('<file>', 'key file; made if it is not there')
    .requiredOption('--name <name>', 'whose it is, for people')
    .option(
      '--role <role>',
      'client (submits jobs), worker (joins), or coordinator (dials workers that listen)',
      'client',
    )
    .option('--out <file>', 'write the key there, readable by you alone, in place of printing it')
    .option('--json', 'print one JSON document')
    .action((file: string, flags: AddFlags) => add(file, flags, io));
  keys
    .command('ls')
    .description('List the keys of the file; the keys themselves are not in it.')
    .argument('<file>', 'key file')
    .option('--json', 'print one JSON document')
    .action((file: string, flags: ListFlags) => list(file, flags, io));
  keys
    .command('revoke')
    .description('Take a key back: no further call of its holder is let in.')
    .argument('<file>', 'key file')
    .argument('<id>', 'as `keys ls` shows it')
    .action((file: string, id: string) => revoke(file, id, io));
}

async function add(file: string, { role, name, out, json }: AddFlags, io: CommandIo): Promise<void> {
  const { makeKey, readKeyFile, ROLES, writeKeyFile } = await import('../../rpc/server/index.js');
  if (!ROLES.includes(role))
    throw new AsyncDiffError('usage', `--role is ${role}; it can be ${ROLES.join(', ')}`);
  if (name === '' || name.length > MAX_NAME_LENGTH || /\p{C}/u.test(name))
    throw new AsyncDiffError('usage', `--name must be 1 to ${MAX_NAME_LENGTH} printable characters`);
  const kept = await readKeyFile(file);
  const { key, stored } = makeKey(role, name);
  if (out !== undefined) await writeSecret(out, `${key}\n`);
  await writeKeyFile(file, [...kept, stored]);
  const shown = out === undefined ? { key } : { out };
  if (json === true) writeJson(io, { schema: 'asyncdiff.key/1', id: stored.id, name, role, ...shown });
  else if (out !== undefined) io.stdout.write(`${out}\n`);
  else {
    io.stdout.write(`${key}\n`);
    io.stderr.write(
      `This is the only time that the key is shown. Its holder sets ASYNCDIFF_KEY or gives --key-file.\n`,
    );
  }
}

/** Throws `usage` where there is a file: another key may be in it. */
async function writeSecret(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: OWNER_ONLY, flag: 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const why = isThere ? 'it is there' : (cause as Error).message;
    throw new AsyncDiffError('usage', `--out ${path}: ${why}`, {
      hint: 'Give a file that is not there, in a folder that is.',
      cause,
    });
  }
}

async function list(file: string, { json }: ListFlags, io: CommandIo): Promise<void> {
  checkThere(file);
  const { readKeyFile } = await import('../../rpc/server/index.js');
  const keys = (await readKeyFile(file)).map(({ id, name, role, created }) => ({ id, role, name, created }));
  if (json === true) writeJson(io, { schema: 'asyncdiff.keys-list/1', keys });
  else if (keys.length === 0) io.stdout.write('no keys\n');
  else
    for (const { id, role, name, created } of keys) io.stdout.write(`${id}  ${role}  ${name}  ${created}\n`);
}

async function revoke(file: string, id: string, io: CommandIo): Promise<void> {
  checkThere(file);
  const { readKeyFile, writeKeyFile } = await import('../../rpc/server/index.js');
  const keys = await readKeyFile(file);
  if (!keys.some((stored) => stored.id === id)) {
    throw new AsyncDiffError('usage', `there is no key ${id} in ${file}`, {
      hint: `\`asyncdiff keys ls ${file}\` lists them.`,
    });
  }
  await writeKeyFile(
    file,
    keys.filter((stored) => stored.id !== id),
  );
  io.stderr.write(`key ${id} is revoked\n`);
}

/** Throws `file_not_found`: only `add` makes a key file. */
function checkThere(file: string): void {
  if (existsSync(file)) return;
  throw new AsyncDiffError('file_not_found', `there is no key file ${file}`, {
    hint: `Check the path; \`asyncdiff keys add ${file} --name NAME\` makes one.`,
  });
}
