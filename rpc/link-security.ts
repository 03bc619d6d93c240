/** A certificate and its key. */
export interface TlsIdentity {
  /** PEM, the host's certificate first, then those between it and its CA if there are any. */
  readonly certificate: Buffer;
  /** PEM. */
  readonly key: Buffer;
}

/** TLS on a link. A server that has `ca` asks every client for a certificate of it (mutual TLS). */
export interface TlsSettings {
  /**
   * PEM of the CAs that the other side's certificate must come from. Left out, a client takes those of the file that
   * GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names, else those that Node brings.
   */
  readonly ca?: Buffer | undefined;
  /** What this side shows. A server needs one; a client where the server asks for it. */
  readonly identity?: TlsIdentity | undefined;
}

/** How the links of a process are protected: one value, for all that it opens and all that it serves. */
export interface LinkSecurity {
  /** Left out: plain text. */
  readonly tls?: TlsSettings | undefined;
}

/** Anyone may connect, anyone on the way can read: for loopback, and for networks that are protected otherwise. */
export const PLAINTEXT: LinkSecurity = Object.freeze({});
