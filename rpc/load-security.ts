import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AsyncDiffError } from '../common/errors/index.js';
import { readWhole } from '../common/read-whole.js';
import { validityFault } from './certificate.js';
import { type LinkSecurity, PLAINTEXT, type SecurityFiles, type TlsIdentity } from './link-security.js';

/** Of `loadSecurity`. */
export async function readSecurity(
  files: SecurityFiles,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LinkSecurity> {
  const { tls, tlsCa, tlsCert, tlsKey } = files;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new AsyncDiffError(
      'invalid_settings',
      tlsKey === undefined
        ? '--tls-cert is given without --tls-key'
        : '--tls-key is given without --tls-cert',
      { hint: 'A certificate is of use with its key only: give both.' },
    );
  }
  const key = await readKey(files.keyFile, env['ASYNCDIFF_KEY']);
  const shown = {
    ...(key === undefined ? {} : { key }),
    ...(files.insecure === true ? { insecure: true } : {}),
  };
  if (tls !== true && tlsCa === undefined && tlsCert === undefined) return { ...PLAINTEXT, ...shown };
  const roots = tlsCa ?? (env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'] || undefined);
  return {
    ...shown,
    tls: {
      ca: roots === undefined ? undefined : await readCa(roots),
      identity: tlsCert === undefined ? undefined : await readIdentity(tlsCert, tlsKey as string),
      mutual: tlsCa !== undefined,
    },
  };
}

/** What can be a key: it goes into a header. */
const KEY = /^[\x21-\x7e]{16,256}$/;

async function readKey(path: string | undefined, value: string | undefined): Promise<string | undefined> {
  const text = path === undefined ? value : (await read(path)).toString('utf8');
  if (text === undefined || text.trim() === '') {
    if (path === undefined) return undefined;
    throw new AsyncDiffError('file_unreadable', `there is no key in ${path}`, { hint: KEY_HINT });
  }
  if (!KEY.test(text.trim())) {
    // The text may be a key with a slip in it: it is not shown.
    const where = path ?? 'ASYNCDIFF_KEY';
    throw new AsyncDiffError('file_unreadable', `what ${where} holds cannot be a key`, { hint: KEY_HINT });
  }
  return text.trim();
}

const KEY_HINT = 'A key is the one line that `asyncdiff keys add` printed.';

async function readCa(path: string): Promise<Buffer> {
  const pem = await read(path);
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  if (blocks === null) throw notPem(path, 'a certificate');
  const usable = blocks.filter((block) => validityFault(parse(path, block)) === undefined);
  // Bundles of public CAs hold a few that have expired.
  if (usable.length === 0) {
    const [first] = blocks as [string];
    throw new AsyncDiffError(
      'tls_failed',
      `the CA certificate ${path} ${validityFault(parse(path, first))}`,
      {
        hint: 'Make a new CA and new certificates (asyncdiff certs DIR --hosts ...), and check the clock of this host.',
      },
    );
  }
  return pem;
}

async function readIdentity(certPath: string, keyPath: string): Promise<TlsIdentity> {
  const certificate = await read(certPath);
  const key = await read(keyPath);
  const parsed = parse(certPath, certificate);
  const fault = validityFault(parsed);
  if (fault !== undefined) {
    throw new AsyncDiffError('tls_failed', `the certificate ${certPath} ${fault}`, {
      hint: 'Make a new one (asyncdiff certs DIR --hosts ...), and check the clock of this host.',
    });
  }
  if (!parsed.checkPrivateKey(privateKey(keyPath, key))) {
    throw new AsyncDiffError('tls_failed', `${keyPath} is not the key of the certificate ${certPath}`, {
      hint: 'Give the two files that were made together.',
    });
  }
  return { certificate, key };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readWhole(path);
  } catch (cause) {
    if (cause instanceof AsyncDiffError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new AsyncDiffError('file_not_found', `there is no file ${path}`, { cause });
    throw new AsyncDiffError('file_unreadable', `${path} cannot be read: ${message}`, {
      cause,
      hint: 'Check who may read it: keys are for their owner only.',
    });
  }
}

function parse(path: string, pem: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw notPem(path, 'a certificate');
  }
}

function privateKey(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    if (/ENCRYPTED/.test(pem.toString('latin1'))) {
      throw new AsyncDiffError('file_unreadable', `the key ${path} is encrypted`, {
        cause,
        hint: 'Store it decrypted, readable by its owner only.',
      });
    }
    throw notPem(path, 'a private key');
  }
}

function notPem(path: string, what: string): AsyncDiffError {
  return new AsyncDiffError('file_unreadable', `${path} does not hold ${what} in PEM form`, {
    hint: 'asyncdiff certs DIR --hosts ... makes files as they must be.',
  });
}
