import { readSync } from 'node:fs';

/** One field of a protobuf message, by its place in the file. */
export interface Field {
  readonly number: number;
  /** 0: varint, 1: 8 bytes, 2: length-delimited, 5: 4 bytes. */
  readonly wire: number;
  /** Of a varint field. */
  readonly value: number | undefined;
  /** Where its tag stands. */
  readonly start: number;
  /** Where its content begins: behind the length of a delimited field. */
  readonly bodyStart: number;
  readonly end: number;
}

const PAGE_BYTES = 1 << 16;
/** Bytes of a varint at most. */
const MAX_VARINT_BYTES = 10;

/** A file that is read field by field, a page at a time. */
export class ProtoWindow {
  readonly sizeBytes: number;
  readonly #file: number;
  /** Fields that are read in all: with one more, the file is refused. */
  maxFields = Number.POSITIVE_INFINITY;
  #fields = 0;
  #page: Buffer = Buffer.alloc(0);
  #pageStart = 0;

  /** @param file Descriptor of a file that is open for reading; it stays the caller's. */
  constructor(file: number, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** A copy of these bytes. */
  bytes(from: number, to: number): Buffer {
    const inPage = from >= this.#pageStart && to <= this.#pageStart + this.#page.length;
    if (inPage) return Buffer.from(this.#page.subarray(from - this.#pageStart, to - this.#pageStart));
    const copy = Buffer.allocUnsafe(to - from);
    this.#read(copy, from);
    return copy;
  }

  /**
   * The fields of the message that these bytes are.
   *
   * @throws RangeError where they are none: a wire type that does not exist, a field that ends behind `to`; and for more than {@link maxFields}.
   */
  *fields(from: number, to: number): Generator<Field> {
    for (let at = from; at < to; ) {
      const start = at;
      const [key, afterKey] = this.#varint(at, to);
      const wire = key % 8;
      let bodyStart = afterKey;
      let value: number | undefined;
      let end: number;
      if (wire === 0) [value, end] = this.#varint(afterKey, to);
      else if (wire === 2) {
        const [length, afterLength] = this.#varint(afterKey, to);
        bodyStart = afterLength;
        end = afterLength + length;
      } else if (wire === 1 || wire === 5) end = afterKey + (wire === 1 ? 8 : 4);
      else throw new RangeError(`invalid wire type ${wire} at offset ${start}`);
      if (++this.#fields > this.maxFields) throw new RangeError(`more than ${this.maxFields} fields`);
      if (key < 8 || end > to) throw new RangeError(`index out of range: ${end} > ${to}`);
      yield { number: Math.floor(key / 8), wire, value, start, bodyStart, end };
      at = end;
    }
  }

  #varint(from: number, to: number): [value: number, end: number] {
    let value = 0;
    let scale = 1;
    for (let at = from; at < Math.min(to, from + MAX_VARINT_BYTES); at++) {
      const byte = this.#byte(at);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return [value, at + 1];
      scale *= 128;
    }
    throw new RangeError(`index out of range: no number at offset ${from}`);
  }

  #byte(at: number): number {
    if (at < this.#pageStart || at >= this.#pageStart + this.#page.length) {
      this.#page = Buffer.allocUnsafe(Math.min(PAGE_BYTES, this.sizeBytes - at));
      this.#pageStart = at;
      this.#read(this.#page, at);
    }
    return this.#page[at - this.#pageStart] as number;
  }

  #read(into: Buffer, from: number): void {
    for (let done = 0; done < into.length; ) {
      const read = readSync(this.#file, into, done, into.length - done, from + done);
      if (read === 0) throw new RangeError(`index out of range: the file ends at ${from + done}`);
      done += read;
    }
  }
}

/** A field's tag. */
export function tag(number: number, wire: number): Buffer {
  return varintBytes(number * 8 + wire);
}

/** A protobuf varint; bit operators would cut lengths at 2^31. */
export function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
