import type { ServerHttp2Stream } from 'node:http2';
import type { ExchangeCall } from './exchange-call.js';
import { GRPC_PREFIX_BYTES, type OutgoingFrame } from './frame.js';
import { frameHead } from './frame-serializer.js';
import { plainSerializers } from './service.js';

/** The fields of grpc-js 1.14.7 that lead from a call to its HTTP/2 stream. */
interface PrivateCall {
  readonly call?: { readonly stream?: ServerHttp2Stream; readonly metadataSent?: boolean };
}

/** The HTTP/2 stream under a server's call; undefined where another version of grpc-js keeps it elsewhere. */
export function http2StreamOf(call: ExchangeCall): ServerHttp2Stream | undefined {
  const inner = (call as unknown as PrivateCall).call;
  const isReady = inner?.metadataSent === true && typeof inner.stream?.write === 'function';
  return isReady ? inner.stream : undefined;
}

/**
 * Sends a frame without any copy in this process: HTTP/2 takes the tensor's own memory. grpc-js would lay each message
 * out in a new buffer first, which for large tensors costs as much as sending them does (memory that has to be found,
 * filled and collected). The bytes on the wire are the same. Falls back to `call.write` where there is no way in.
 *
 * @param done called when the network has taken the last byte, or with what went wrong
 */
export function writeFrame(
  call: ExchangeCall,
  frame: OutgoingFrame,
  done: (error?: Error | null) => void,
): void {
  const stream = http2StreamOf(call);
  if (stream === undefined || frame.data.byteLength === 0) {
    call.write(frame, done);
    return;
  }
  const head = frameHead(plainSerializers.frame, frame, frame.data.byteLength);
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  prefix.writeUInt32BE(head.byteLength + frame.data.byteLength, 1);
  stream.cork();
  stream.write(Buffer.concat([prefix, head]));
  stream.write(frame.data, done);
  stream.uncork();
}
