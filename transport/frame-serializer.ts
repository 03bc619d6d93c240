import type { TensorFrame } from './gen/asyncdiff/v1/TensorFrame.js';

type Serialize = (frame: TensorFrame) => Buffer;

const EMPTY = new Uint8Array(0);

/**
 * A serialised frame whose bytes are not laid out yet. grpc-js 1.14.7 asks a message for `byteLength` (servers) or
 * `length` (clients) and then copies it behind its 5-byte prefix: writing the tensor's bytes there at once saves the
 * copy, and the memory, that a Buffer of our own would cost. test/transport/frame-serializer.test.ts sends one through
 * a real server, so an upgrade that wants more of a Buffer fails there.
 */
class LaidOutLater {
  readonly #header: Buffer;
  readonly #data: Uint8Array;

  constructor(header: Buffer, data: Uint8Array) {
    this.#header = header;
    this.#data = data;
  }

  get byteLength(): number {
    return this.#header.byteLength + this.#data.byteLength;
  }

  get length(): number {
    return this.byteLength;
  }

  copy(target: Uint8Array, at = 0): number {
    target.set(this.#header, at);
    target.set(this.#data, at + this.#header.byteLength);
    return this.byteLength;
  }
}

/** The same bytes on the wire as `serialize` makes, with one copy of the tensor's data less. */
export function withoutDataCopy(serialize: Serialize): Serialize {
  return (frame) => {
    const data = frame.data;
    if (!(data instanceof Uint8Array) || data.byteLength === 0) return serialize(frame);
    // `data` is the last field: without it the message ends in its tag and a length of 0.
    const head = serialize({ ...frame, data: EMPTY });
    const header = Buffer.concat([head.subarray(0, -1), varint(data.byteLength)]);
    return new LaidOutLater(header, data) as unknown as Buffer;
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
