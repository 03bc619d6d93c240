import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';

/** A field of grpc-js 1.14.7 that has no public form. test/rpc/server-window.test.ts fails if it moves. */
interface PrivateServer {
  readonly http2Servers: ReadonlyMap<Http2Server | Http2SecureServer, unknown>;
}

/** What a bound server of grpc-js listens with: one for each address. */
export function http2Servers(server: Server): Iterable<Http2Server | Http2SecureServer> {
  return (server as unknown as PrivateServer).http2Servers.keys();
}

/** Time that the last frames get to leave before a connection is cut. */
const FAREWELL_MS = 100;

/**
 * The TCP connections of a bound server. grpc-js ends them; a connection whose other side does not end it too would keep the server for
 * ever, under TLS also one whose other side is gone.
 */
export class ServerSockets {
  readonly #open = new Set<Socket>();

  constructor(server: Server) {
    for (const http2Server of http2Servers(server)) {
      http2Server.on('connection', (socket: Socket) => {
        this.#open.add(socket);
        socket.once('close', () => this.#open.delete(socket));
      });
    }
  }

  /** Cuts those that are still open in a moment. */
  cutSoon(): void {
    setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
    }, FAREWELL_MS);
  }
}
