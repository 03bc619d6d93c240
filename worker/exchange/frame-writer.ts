import type { ServerHttp2Stream } from 'node:http2';
import type { ExchangeCall } from './exchange-call.js';
import { GRPC_PREFIX_BYTES, type OutgoingFrame, varint, workerService } from '../../rpc/index.js';

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

const EMPTY = new Uint8Array(0);

/** Done with a part: the network has taken it, or what went wrong. */
export type Done = (error?: Error | null) => void;

/**
 * Sends a frame without any copy in this process: HTTP/2 takes the tensor's own memory. grpc-js would lay each message
 * out in a new buffer first, which for large tensors costs as much as sending them does (memory that has to be found,
 * filled and collected). The bytes on the wire are the same. It goes out in slices, so that another consumer's tensor need
 * not wait for the whole of a large one; where there is no way past grpc-js, `call.write` takes it whole.
 */
export class FrameWriter {
  readonly #call: ExchangeCall;
  readonly #frame: OutgoingFrame;
  #writtenBytes = 0;

  constructor(call: ExchangeCall, frame: OutgoingFrame) {
    this.#call = call;
    this.#frame = frame;
  }

  /** Whether the last slice was written. */
  get isWritten(): boolean {
    return this.#writtenBytes === this.#frame.data.byteLength;
  }

  /** Writes the next slice and returns its size. One at a time: not before `done` was called for the one before. */
  write(sliceBytes: number, done: Done): number {
    const { data } = this.#frame;
    const stream = http2StreamOf(this.#call);
    const begin = this.#writtenBytes;
    if (stream === undefined || data.byteLength === 0) {
      this.#writtenBytes = data.byteLength;
      this.#call.write(this.#frame, done);
      return data.byteLength;
    }
    const end = Math.min(begin + sliceBytes, data.byteLength);
    this.#writtenBytes = end;
    const slice = data.subarray(begin, end);
    if (begin > 0) {
      stream.write(slice, done);
      return slice.byteLength;
    }
    const head = frameHead(this.#frame);
    const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
    prefix.writeUInt32BE(head.byteLength + data.byteLength, 1);
    stream.cork();
    stream.write(Buffer.concat([prefix, head]));
    stream.write(slice, done);
    stream.uncork();
    return slice.byteLength;
  }
}

/** The frame up to where its data begins. Data is its last field: without it, the frame ends in a tag and a length of 0. */
function frameHead(frame: OutgoingFrame): Buffer {
  const head = workerService().Exchange.responseSerialize({ ...frame, data: EMPTY });
  return Buffer.concat([head.subarray(0, -1), varint(frame.data.byteLength)]);
}
