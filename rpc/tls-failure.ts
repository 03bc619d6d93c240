import { X509Certificate } from 'node:crypto';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { AsyncDiffError } from '../common/errors/index.js';
import { parseAddress } from './address.js';
import { validityFault } from './certificate.js';
import type { LinkSecurity, TlsIdentity } from './link-security.js';

/** Time that a server gets to say what it is, after a connection to it has failed. */
const LOOK_MS = 2_000;

/**
 * What is wrong between the two sides of a connection that did not come about, if it is their security.
 *
 * grpc-js tells only what this side's TLS said; for the rest (who issued the certificate, whether a server that closes
 * every connection speaks TLS) the server is asked once more.
 *
 * @param details the text of gRPC's status
 */
export async function tlsFailure(
  details: string,
  address: string,
  { tls }: LinkSecurity,
): Promise<AsyncDiffError | undefined> {
  if (tls === undefined) {
    if (!/Failed to connect|Protocol error|ECONNRESET|socket hang up/.test(details)) return undefined;
    const seen = await look(address);
    return seen.speaksTls ? failure(`${address} speaks TLS, this side does not`, HINTS.speakTls) : undefined;
  }
  if (/wrong version number|packet length too long|unknown protocol|http request/.test(details)) {
    return failure(`${address} does not speak TLS, this side does`, HINTS.noTls);
  }
  const altNames = /Hostname\/IP does not match certificate's altnames/.test(details);
  if (altNames) {
    const names = (await look(address)).certificate?.subjectAltName ?? 'other names';
    return failure(
      `the certificate of ${address} is for ${names}, not for ${parseAddress(address).host}`,
      HINTS.name,
    );
  }
  if (/certificate (has expired|is not yet valid)|CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(details)) {
    const { certificate } = await look(address);
    const fault = certificate === undefined ? undefined : validityFault(certificate);
    const why = fault ?? (/expired/i.test(details) ? 'has expired' : 'is not valid yet');
    return failure(`the certificate of ${address} ${why}`, HINTS.validity);
  }
  if (
    /unable to (verify|get)|self-signed certificate|self signed certificate|signature failure/.test(details)
  ) {
    const issuer = oneLine((await look(address)).certificate?.issuer);
    return failure(
      `the certificate of ${address} comes from a CA that this side does not know: ${issuer}`,
      HINTS.ca,
    );
  }
  // The handshake was done, then the server ended the connection: so it does with a certificate that it does not take.
  if (/Failed to connect|alert|ECONNRESET/.test(details)) return refused(address, tls.identity, details);
  return undefined;
}

async function refused(
  address: string,
  identity: TlsIdentity | undefined,
  details: string,
): Promise<AsyncDiffError | undefined> {
  if (identity === undefined) {
    const asked =
      /certificate required|handshake failure/.test(details) || (await look(address)).asksForCertificate;
    return asked
      ? failure(`${address} asks for a certificate, this side has none`, HINTS.identity)
      : undefined;
  }
  const own = new X509Certificate(identity.certificate);
  const fault = validityFault(own);
  if (fault !== undefined)
    return failure(
      `${address} does not take this side's certificate (${oneLine(own.subject)}): it ${fault}`,
      HINTS.validity,
    );
  if (!(await look(address, identity)).speaksTls) return undefined;
  return failure(
    `${address} does not take this side's certificate (${oneLine(own.subject)}, issued by ${oneLine(own.issuer)})`,
    HINTS.ownCa,
  );
}

const HINTS = {
  speakTls:
    "Give the CA's certificate (--tls-ca ca.crt), and where it asks for one this host's own (--tls-cert, --tls-key).",
  noTls: 'Start it with --tls-cert and --tls-key too, or leave the --tls options away on both sides.',
  name: 'Reach it by a name in its certificate, or make one for this name: asyncdiff certs DIR --hosts NAME=ADDRESS.',
  validity:
    'Make a new certificate (asyncdiff certs DIR --hosts ...), start its owner again, and check the clocks of both hosts.',
  ca: "Give the certificate of that CA with --tls-ca; if --tls-ca has one of that name, it is another CA's: copy ca.crt anew.",
  identity: "Give this host's certificate and key: --tls-cert HOST.crt --tls-key HOST.key.",
  ownCa:
    "It takes certificates of the CA in its own --tls-ca: make this host's with that CA. Its log says what it found wrong.",
} as const;

function failure(text: string, hint: string): AsyncDiffError {
  return new AsyncDiffError('tls_failed', text, { hint });
}

interface Seen {
  readonly speaksTls: boolean;
  readonly certificate: X509Certificate | undefined;
  readonly asksForCertificate: boolean;
}

const NOTHING: Seen = { speaksTls: false, certificate: undefined, asksForCertificate: false };

/** Opens a TLS connection without verifying anything or sending anything, to see who is there. */
function look(address: string, identity?: TlsIdentity): Promise<Seen> {
  const { host, port } = parseAddress(address);
  const options: ConnectionOptions = {
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    cert: identity?.certificate,
    key: identity?.key,
  };
  return new Promise((resolve) => {
    let socket: TLSSocket;
    let seen = NOTHING;
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    };
    const timer = setTimeout(done, LOOK_MS);
    try {
      socket = connect(options);
    } catch {
      clearTimeout(timer);
      resolve(NOTHING);
      return;
    }
    socket.once('secureConnect', () => {
      seen = { ...NOTHING, speaksTls: true, certificate: socket.getPeerX509Certificate() };
      // A server that asks for a certificate refuses only after the handshake.
      socket.once('data', done);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const alert =
        /alert|ERR_SSL_/.test(`${error.code} ${error.message}`) && !/wrong version/i.test(error.message);
      seen = {
        ...seen,
        speaksTls: seen.speaksTls || alert,
        asksForCertificate: /certificate required|handshake failure/.test(error.message),
      };
      done();
    });
    socket.once('close', done);
  });
}

function oneLine(name: string | undefined): string {
  return name === undefined ? 'unknown' : name.replaceAll('\n', ', ');
}
