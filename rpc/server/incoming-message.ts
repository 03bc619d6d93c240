/** Before each message: a flag and four bytes of length. */
const PREFIX_BYTES = 5;
/** Memory for a whole message is taken when so much of it is here: a length that is only said costs its sender nothing. */
const BELIEVED_SHARE = 1 / 16;

/**
 * Joins the pieces in which gRPC's messages come, in place of the decoder of grpc-js: that one holds every piece, and the whole message beside them, until the
 * next message of the call begins, so that a request of 60 MB costs 120 for as long as its job waits.
 */
export class IncomingMessages {
  readonly #maxBytes: number;
  #prefix: Buffer = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  /** Of the message and its prefix. */
  #totalBytes = 0;
  #heldBytes = 0;
  /** The first pieces, until there is `#whole`. */
  #pieces: Buffer[] = [];
  #whole: Buffer | undefined;

  /** @param maxBytes of one message; -1 for any */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held of a message which is not whole yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether a message has begun and is not whole. */
  get isInside(): boolean {
    return this.#prefixBytes > 0;
  }

  /**
   * Takes what came next; the messages that are whole by it, each with its prefix and memory of its own.
   * @throws Error for a message that is too long
   */
  write(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    for (let at = 0; at < data.length; ) {
      at += this.#prefixBytes < PREFIX_BYTES ? this.#takePrefix(data, at) : this.#takeBody(data, at);
      if (this.#prefixBytes < PREFIX_BYTES || this.#heldBytes < this.#totalBytes) continue;
      messages.push(this.#whole ?? Buffer.concat(this.#pieces, this.#totalBytes));
      this.#reset();
    }
    return messages;
  }

  #takePrefix(data: Buffer, at: number): number {
    const bytes = data.copy(this.#prefix, this.#prefixBytes, at, at + PREFIX_BYTES - this.#prefixBytes);
    this.#prefixBytes += bytes;
    if (this.#prefixBytes < PREFIX_BYTES) return bytes;
    const length = this.#prefix.readUInt32BE(1);
    if (this.#maxBytes !== -1 && length > this.#maxBytes)
      throw new Error(`a message of ${length} bytes came, at most ${this.#maxBytes} are taken`);
    this.#totalBytes = PREFIX_BYTES + length;
    this.#heldBytes = PREFIX_BYTES;
    this.#pieces = [this.#prefix];
    return bytes;
  }

  #takeBody(data: Buffer, at: number): number {
    const piece = data.subarray(at, at + this.#totalBytes - this.#heldBytes);
    const held = this.#heldBytes + piece.length;
    if (this.#whole !== undefined) piece.copy(this.#whole, this.#heldBytes);
    else {
      this.#pieces.push(piece);
      if (held >= this.#totalBytes * BELIEVED_SHARE) {
        this.#whole = Buffer.allocUnsafe(this.#totalBytes);
        let end = 0;
        for (const early of this.#pieces) end += early.copy(this.#whole, end);
        this.#pieces = [];
      }
    }
    this.#heldBytes = held;
    return piece.length;
  }

  #reset(): void {
    this.#prefix = Buffer.alloc(PREFIX_BYTES);
    this.#prefixBytes = 0;
    this.#totalBytes = 0;
    this.#heldBytes = 0;
    this.#pieces = [];
    this.#whole = undefined;
  }
}
