import type { ServerHttp2Session, Settings } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { http2Servers } from './http2-servers.js';

/** A field of grpc-js 1.14.7 that has no public form. test/rpc/server-window.test.ts fails if it moves. */
interface PrivateServer {
  readonly commonServerOptions: { settings?: Settings };
}

/**
 * Opens the HTTP/2 flow-control windows for what a server receives. Call it before `bindAsync`; call the returned
 * function when the server is bound.
 *
 * grpc-js reads `grpc-node.flow_control_window` for clients only; a server stays at HTTP/2's 64 KiB, which at 2 ms of
 * round trip is 32 MB/s at best. The window of the streams is a setting announced to the client; that of the
 * connection has to be raised on every session.
 */
export function openServerWindows(server: Server, windowBytes: number): () => void {
  const inner = server as unknown as PrivateServer;
  inner.commonServerOptions.settings = {
    ...inner.commonServerOptions.settings,
    initialWindowSize: windowBytes,
  };
  return () => {
    for (const http2Server of http2Servers(server)) {
      http2Server.on('session', (session: ServerHttp2Session) => {
        session.setLocalWindowSize(windowBytes);
      });
    }
  };
}
