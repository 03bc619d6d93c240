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

/** How the links of a process are protected: one value for all that it opens and all that it serves. */
export interface LinkSecurity {
  /** Left out: plain text. */
  readonly tls?: TlsSettings | undefined;
}

/** Anyone may connect, anyone on the way can read: for loopback, and for networks that are protected otherwise. */
export const PLAINTEXT: LinkSecurity = Object.freeze({});
