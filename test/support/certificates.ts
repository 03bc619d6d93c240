import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCa, makeHostCertificate, type PemPair } from '../../cli/development-ca.js';
import type { LinkSecurity } from '../../rpc/index.js';

const LOCAL = ['localhost', '127.0.0.1', '::1'];
/** Ended a quarter of an hour ago; certificates begin an hour before they are made. */
const ENDED_DAYS = -0.01;

/** A CA and what hosts may have of it, made once for a test file. */
export class TestAuthority {
  readonly #ca: PemPair;

  private constructor(ca: PemPair) {
    this.#ca = ca;
  }

  static async make(): Promise<TestAuthority> {
    return new TestAuthority(await makeCa());
  }

  /** PEM of the CA. */
  get certificate(): string {
    return this.#ca.certificate;
  }

  host(name: string, names: readonly string[] = LOCAL): Promise<PemPair> {
    return makeHostCertificate(this.#ca, { name, names }, 1);
  }

  expired(name: string): Promise<PemPair> {
    return makeHostCertificate(this.#ca, { name, names: LOCAL }, ENDED_DAYS);
  }

  /** Mutual TLS with a certificate, as a process gets it from its files. */
  security({ certificate, key }: PemPair): LinkSecurity {
    const identity = { certificate: Buffer.from(certificate), key: Buffer.from(key) };
    return { tls: { ca: Buffer.from(this.#ca.certificate), identity, mutual: true } };
  }
}

/** The flags of a process that has this certificate. */
export function tlsFlags(authority: TestAuthority, pair: PemPair, folder: string): string[] {
  const dir = mkdtempSync(join(folder, 'tls-'));
  const paths = { ca: join(dir, 'ca.crt'), cert: join(dir, 'host.crt'), key: join(dir, 'host.key') };
  writeFileSync(paths.ca, authority.certificate);
  writeFileSync(paths.cert, pair.certificate);
  writeFileSync(paths.key, pair.key);
  return ['--tls-ca', paths.ca, '--tls-cert', paths.cert, '--tls-key', paths.key];
}
