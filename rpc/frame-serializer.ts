import { GRPC_PREFIX_BYTES, padTo, varint } from './frame.js';
import type { RelayedFrame } from './gen/asyncdiff/v1/RelayedFrame.js';
import type { TensorFrame } from './gen/asyncdiff/v1/TensorFrame.js';

type Serialize<T> = (message: T) => Buffer;

const EMPTY = new Uint8Array(0);

/**
 * A serialised message whose bytes are not laid out yet. grpc-js 1.14.7 asks a message for `byteLength` (servers) or
 * `length` (clients) and then copies it behind its 5-byte prefix: writing the tensor's bytes there at once saves the
 * copy, and the memory, that a Buffer of our own would cost. The tests of the exchange and of the relay send such
 * messages through real servers and clients: an upgrade of grpc-js that wants more of a Buffer fails there.
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

/** The frame up to where its data begins. Data is its last field: without it, the frame ends in a tag and a length of 0. */
export function frameHead(serialize: Serialize<TensorFrame>, frame: TensorFrame, dataBytes: number): Buffer {
  const head = serialize({ ...frame, data: EMPTY });
  return Buffer.concat([head.subarray(0, -1), varint(dataBytes)]);
}

function dataOf(frame: TensorFrame | null | undefined): Uint8Array | undefined {
  const data = frame?.data;
  return data instanceof Uint8Array && data.byteLength > 0 ? data : undefined;
}

/** The bytes that `serialize` makes, with one copy of the tensor's data less. */
export function frameSerializer(serialize: Serialize<TensorFrame>): Serialize<TensorFrame> {
  return (frame) => {
    const data = dataOf(frame);
    if (data === undefined) return serialize(frame);
    return new LaidOutLater(frameHead(serialize, frame, data.byteLength), data) as unknown as Buffer;
  };
}

const [TO_FIELD, FROM_FIELD, FRAME_FIELD] = [1, 2, 15].map((field) => (field << 3) | 2) as [
  number,
  number,
  number,
];

/**
 * The same for a message of the control stream that may hold a relayed frame, which is padded anew: it begins further
 * inside this message than in one of its own.
 *
 * @param field number of `relayed_frame` in the message
 */
export function relaySerializer<T extends { relayedFrame?: RelayedFrame | null }>(
  serialize: Serialize<T>,
  serializeFrame: Serialize<TensorFrame>,
  field: number,
): Serialize<T> {
  return (message) => {
    const frame = message.relayedFrame?.frame;
    const data = dataOf(frame);
    if (!frame || data === undefined) return serialize(message);
    const { toWorkerIds = [], fromWorkerId = '' } = message.relayedFrame ?? {};
    const ends = Buffer.concat([
      ...toWorkerIds.map((id) => textField(TO_FIELD, id)),
      ...(fromWorkerId === '' ? [] : [textField(FROM_FIELD, fromWorkerId)]),
    ]);
    const layOut = (padBytes: number): Buffer => {
      const head = frameHead(serializeFrame, { ...frame, pad: padTo(padBytes) }, data.byteLength);
      const frameBytes = head.byteLength + data.byteLength;
      const before = Buffer.concat([ends, Buffer.from([FRAME_FIELD]), varint(frameBytes)]);
      return Buffer.concat([
        Buffer.from([(field << 3) | 2]),
        varint(before.byteLength + frameBytes),
        before,
        head,
      ]);
    };
    const missing = (header: Buffer): number => -(GRPC_PREFIX_BYTES + header.byteLength);
    const header = layOut(missing(layOut(0)));
    return new LaidOutLater(header, data) as unknown as Buffer;
  };
}

function textField(tag: number, text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([tag]), varint(bytes.byteLength), bytes]);
}
