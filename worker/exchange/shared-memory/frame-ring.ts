import { closeSync, readSync, writeSync } from 'node:fs';
import {
  arrayOf,
  type DType,
  DTYPES,
  elementCount,
  type Tensor,
  type TensorMeta,
} from '../../../common/tensor/index.js';
import { ExtentReader, ExtentWriter, ringError } from './extents.js';
import { Counter, FRAMES, FRAMES_WRITTEN_AT, HEAD_BYTES, HEADS, HEADS_AT } from './ring-file.js';

export interface Frame {
  readonly meta: TensorMeta;
  /** Producer's monotonic clock when it lay in the ring, microseconds. */
  readonly writtenUs: number;
  readonly tensor: Tensor;
}

/** What a head says in JSON. */
interface Label extends TensorMeta {
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** The thread that computes copies a tensor up to here itself (under a millisecond); a larger one is copied while it computes the next. */
export const MAX_FRAME_BYTES: number = 512 * 1024;

/** A head: length of its label, then `writtenUs` and where the data lies, all little-endian, then the label. */
const WRITTEN_AT = 8;
const OFFSET_AT = 16;
const LABEL_AT = 24;

/**
 * The producer's end of a ring of whole frames: its inference thread writes what it has made where the consumer's inference
 * thread looks for it. For a small tensor the way through both processes' network threads costs more than the tensor does.
 */
export class FrameRingWriter {
  readonly #fd: number;
  readonly #extents: ExtentWriter;
  readonly #written: Counter;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #next = 0;
  /** The memory was used up once: what was begun then is never read, so nothing more can follow. */
  #broken = false;

  /** @param fd of the ring file; this end's own */
  constructor(fd: number) {
    this.#fd = fd;
    this.#extents = new ExtentWriter(fd, FRAMES, HEADS);
    this.#written = new Counter(fd, FRAMES_WRITTEN_AT);
  }

  /** Copies the tensor into the ring; false where it has to go another way: it is too large, or there is no room now. */
  put(meta: TensorMeta, { dtype, dims, data }: Tensor): boolean {
    if (this.#broken || data.byteLength > MAX_FRAME_BYTES) return false;
    const { jobId, attempt, name, version, sentUs } = meta;
    const text = JSON.stringify({ jobId, attempt, name, version, sentUs, dtype, dims } satisfies Label);
    const labelBytes = this.#head.write(text, LABEL_AT);
    // One that does not fit belongs to a name of a thousand letters.
    if (labelBytes < Buffer.byteLength(text)) return false;
    const offsetBytes = this.#extents.reserve(data.byteLength);
    if (offsetBytes === undefined) return false;
    try {
      this.#extents.write(offsetBytes, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      this.#head.writeUInt32LE(labelBytes);
      this.#head.writeDoubleLE((performance.timeOrigin + performance.now()) * 1000, WRITTEN_AT);
      this.#head.writeDoubleLE(offsetBytes, OFFSET_AT);
      const headAt = HEADS_AT + (this.#next % HEADS) * HEAD_BYTES;
      writeSync(this.#fd, this.#head, 0, LABEL_AT + labelBytes, headAt);
      this.#written.add();
    } catch {
      this.#broken = true;
      return false;
    }
    this.#next += 1;
    return true;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The consumer's end. */
export class FrameRingReader {
  readonly #fd: number;
  readonly #extents: ExtentReader;
  readonly #written: Counter;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #next = 0;
  #waiting = 0;

  /** @param fd of the ring file; this end's own */
  constructor(fd: number) {
    this.#fd = fd;
    this.#extents = new ExtentReader(fd, FRAMES);
    this.#written = new Counter(fd, FRAMES_WRITTEN_AT);
  }

  /**
   * The next frame, in memory of its own; undefined if there is none yet.
   * @throws AsyncDiffError `protocol_mismatch` for one that contradicts itself
   */
  take(): Frame | undefined {
    if (this.#waiting === 0) this.#waiting = this.#written.advance();
    if (this.#waiting === 0) return undefined;
    const { dtype, dims, ...meta } = this.#readHead();
    const [writtenUs, offsetBytes] = [
      this.#head.readDoubleLE(WRITTEN_AT),
      this.#head.readDoubleLE(OFFSET_AT),
    ];
    if (!DTYPES.includes(dtype)) throw ringError(`"${meta.name}" of an element type that is not known`);
    const Data = arrayOf(dtype);
    const data = this.#extents.read(offsetBytes, elementCount(dims) * Data.BYTES_PER_ELEMENT);
    this.#waiting -= 1;
    this.#next += 1;
    return { meta, writtenUs, tensor: { dtype, dims, data: new Data(data.buffer) } };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readHead(): Label {
    readSync(this.#fd, this.#head, 0, HEAD_BYTES, HEADS_AT + (this.#next % HEADS) * HEAD_BYTES);
    const end = LABEL_AT + this.#head.readUInt32LE();
    if (end > HEAD_BYTES) throw ringError(`a head of ${end} bytes`);
    return JSON.parse(this.#head.toString('utf8', LABEL_AT, end)) as Label;
  }
}
