import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { AsyncDiffError } from '../../common/errors/index.js';
import { writeWhole } from '../../common/write-whole.js';
import type { KeyHolder, KeyRing, Role } from '../index.js';

const SCHEMA = 'asyncdiff.keys/1';
export const ROLES: readonly Role[] = Object.freeze(['client', 'worker', 'coordinator']);
/** Random bytes of a key: as hard to guess as SHA-256 is to turn round, so that it needs no slow hash. */
const SECRET_BYTES = 32;
const ID = /^[0-9a-f]{8}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const OWNER_ONLY = 0o600;

/** A key as its file has it: whoever reads the file cannot make the key of it. */
export interface StoredKey extends KeyHolder {
  /** Of the whole key, hex. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly created: string;
}

/** A new key, to be shown once, and what is kept of it. */
export function makeKey(role: Role, name: string): { readonly key: string; readonly stored: StoredKey } {
  const id = randomBytes(4).toString('hex');
  const key = `asyncdiff-${role}-${id}-${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return {
    key,
    stored: { id, name, role, sha256: hash(key).toString('hex'), created: new Date().toISOString() },
  };
}

/** The keys of a file; none where there is no file. Throws `file_unreadable`. */
export async function readKeyFile(path: string): Promise<readonly StoredKey[]> {
  try {
    return parseKeys(path, await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error);
  }
}

/** Replaces the file as a whole, readable by its owner only. Throws `file_unreadable`. */
export async function writeKeyFile(path: string, keys: readonly StoredKey[]): Promise<void> {
  try {
    await writeWhole(path, `${JSON.stringify({ schema: SCHEMA, keys }, undefined, 2)}\n`, OWNER_ONLY);
  } catch (cause) {
    throw new AsyncDiffError('file_unreadable', `${path} cannot be written: ${(cause as Error).message}`, {
      cause,
      hint: 'Give a path that this user may write to.',
    });
  }
}

/** A key file as a server uses it: what is added or revoked holds from the next call on, without a restart. */
export class FileKeyRing implements KeyRing {
  readonly #path: string;
  #version = '';
  #keys: ReadonlyMap<string, StoredKey> = new Map();

  /** Throws `file_not_found`, `file_unreadable`. */
  constructor(path: string) {
    this.#path = path;
    this.#refresh();
  }

  find(key: string): KeyHolder | undefined {
    this.#refresh();
    const id = key.split('-')[2] ?? '';
    const stored = this.#keys.get(id);
    // Compared also where there is none: how long it takes tells nothing.
    const expected = Buffer.from(stored?.sha256 ?? '0'.repeat(64), 'hex');
    if (!timingSafeEqual(hash(key), expected) || stored === undefined) return undefined;
    return { id: stored.id, name: stored.name, role: stored.role };
  }

  #refresh(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return;
      const keys = parseKeys(this.#path, readFileSync(this.#path, 'utf8'));
      this.#keys = new Map(keys.map((stored) => [stored.id, stored]));
      this.#version = version;
    } catch (error) {
      // A file that is gone or damaged lets nobody in.
      this.#keys = new Map();
      this.#version = '';
      throw unreadable(this.#path, error);
    }
  }
}

function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function parseKeys(path: string, text: string): StoredKey[] {
  const document = JSON.parse(text) as { schema?: unknown; keys?: unknown };
  if (document?.schema !== SCHEMA || !Array.isArray(document.keys))
    throw new AsyncDiffError('file_unreadable', `${path} is not a key file of schema ${SCHEMA}`);
  return document.keys.map((entry: Partial<Record<keyof StoredKey, unknown>> | null) => {
    const { id, name, role, sha256, created } = entry ?? {};
    const isWhole =
      typeof id === 'string' &&
      ID.test(id) &&
      typeof name === 'string' &&
      typeof sha256 === 'string' &&
      SHA256.test(sha256) &&
      typeof created === 'string' &&
      ROLES.includes(role as Role);
    if (!isWhole) throw new AsyncDiffError('file_unreadable', `${path} has an entry that is not a key`);
    return { id, name, role: role as Role, sha256, created };
  });
}

function unreadable(path: string, error: unknown): AsyncDiffError {
  if (error instanceof AsyncDiffError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new AsyncDiffError('file_not_found', `there is no key file ${path}`, {
      hint: 'Make it with `asyncdiff keys add FILE --role client --name NAME`.',
    });
  }
  return new AsyncDiffError('file_unreadable', `the key file ${path} cannot be read: ${message}`, {
    cause: error,
    hint: '`asyncdiff keys add` makes files as they must be.',
  });
}
