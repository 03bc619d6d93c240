/** A certificate and its key. */
export interface TlsIdentity {
  /** PEM: the host's certificate first, then those between it and its CA, if there are any. */
  readonly certificate: Buffer;
  /** PEM, not encrypted. */
  readonly key: Buffer;
}

/** TLS on all links of a process. */
export interface TlsSettings {
  /** PEM of the CAs that the other side's certificate must come from. Left out: those that Node brings. */
  readonly ca?: Buffer | undefined;
  /** What this side shows. A server needs one; a client where the server asks for it. */
  readonly identity?: TlsIdentity | undefined;
  /** Mutual TLS: a server asks every client for a certificate of `ca`. Default false. */
  readonly mutual?: boolean | undefined;
}

/** What the holder of a key may do: submit jobs, register as a worker, or attach to workers that listen. No role includes another. */
export type Role = 'client' | 'worker' | 'coordinator';

/** Whom a key was given to. */
export interface KeyHolder {
  readonly id: string;
  /** As its giver called it, for people. */
  readonly name: string;
  readonly role: Role;
}

/** The keys that a server takes. */
export interface KeyRing {
  /** Whose key it is; undefined for one that was never given or was revoked. Throws `file_unreadable`. */
  find(key: string): KeyHolder | undefined;
}

/** How the links of a process are protected: one value for all that it opens and all that it serves. */
export interface LinkSecurity {
  /** Left out: plain text. */
  readonly tls?: TlsSettings | undefined;
  /** The key that this process shows with every call. */
  readonly key?: string | undefined;
  /** A server takes only calls that show one of these, each in its role. Left out: it asks for none. */
  readonly keys?: KeyRing | undefined;
  /** Listen beyond loopback without protection, and show the key there in plain text: another layer protects the network. */
  readonly insecure?: boolean | undefined;
}

/** Anyone may connect, anyone on the way can read: for loopback, and for networks that are protected otherwise. */
export const PLAINTEXT: LinkSecurity = Object.freeze({});

/** Whether a host, as an address names it, is this machine and no other can be. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}

/** Where the parts of a {@link LinkSecurity} lie. */
export interface SecurityFiles {
  /** TLS with the CAs of GRPC_DEFAULT_SSL_ROOTS_FILE_PATH or of Node, where no other file says so. */
  readonly tls?: boolean | undefined;
  /** PEM of the CAs that the other side must come from. Servers then ask every client for a certificate (mutual TLS). */
  readonly tlsCa?: string | undefined;
  /** PEM of this host's certificate, and of its key. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** The file with the key that this process shows; left out, ASYNCDIFF_KEY has it, if there is one. */
  readonly keyFile?: string | undefined;
  /** See {@link LinkSecurity.insecure}. */
  readonly insecure?: boolean | undefined;
}

/**
 * Reads and checks them: a certificate that has expired, or a key that is another one's, is told before the first connection.
 *
 * @throws AsyncDiffError `file_not_found`, `file_unreadable`, `invalid_settings`, `tls_failed`
 */
export async function loadSecurity(
  files: SecurityFiles,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<LinkSecurity> {
  const { readSecurity } = await import('./load-security.js');
  return readSecurity(files, env);
}
