import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import { http2Servers } from './http2-servers.js';

/** A connection or a call that a server did not take. */
export interface Refusal {
  /** IP address of the other side. */
  readonly peer: string;
  readonly reason: string;
}

/** Refusals that are remembered, so that each is told once: a scanner must not fill the log. */
const MAX_REMEMBERED = 256;

/** Tells of the same host and reason once. */
export function onceEach(tell: ((refusal: Refusal) => void) | undefined): (refusal: Refusal) => void {
  const told = new Set<string>();
  return (refusal) => {
    const key = `${refusal.peer} ${refusal.reason}`;
    if (told.has(key)) return;
    if (told.size >= MAX_REMEMBERED) told.clear();
    told.add(key);
    tell?.(refusal);
  };
}

/** Tells of connections that end in the handshake; grpc-js does not. Call it when the server is bound. */
export function reportRefusals(server: Server, onRefused: (refusal: Refusal) => void): void {
  for (const http2Server of http2Servers(server)) {
    http2Server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      // A bare connection that says nothing is no handshake: so does whoever looks whether a port is open.
      if (bytesFrom(socket) === 0) return;
      onRefused({ peer: peerOf(socket), reason: reasonOf(error, socket) });
    });
  }
}

/** The TCP connection below: once a handshake has failed, the TLS socket knows nothing of it. */
function below(socket: TLSSocket): Socket {
  return (Reflect.get(socket, '_parent') as Socket | null | undefined) ?? socket;
}

function bytesFrom(socket: TLSSocket): number {
  return below(socket).bytesRead;
}

function peerOf(socket: TLSSocket): string {
  return socket.remoteAddress ?? below(socket).remoteAddress ?? 'unknown';
}

function reasonOf(error: NodeJS.ErrnoException, socket: TLSSocket): string {
  // Typed as an Error; it is a code.
  const authorizationError: unknown = socket.authorizationError;
  if (typeof authorizationError === 'string') return `its certificate is not taken: ${authorizationError}`;
  if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'it shows no certificate';
  if (/wrong version number|http request/i.test(error.message)) return 'it does not speak TLS';
  if (error.code === 'ECONNRESET') return 'it does not take the certificate of this side, or went away';
  return error.code ?? error.message;
}
