import type { OutgoingFrame } from '../../rpc/index.js';

/** A tensor that waits to leave. */
export interface QueuedTensor {
  readonly frames: readonly OutgoingFrame[];
  readonly dueMs: number;
  readonly resolve: (sent: boolean) => void;
  next: number;
  startMs: number;
  serializeMs: number;
}

/** Tensors in the order in which they are due, but for one that was begun: that one is finished first. */
export class DueQueue {
  #tensors: QueuedTensor[] = [];
  #bytes = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#tensors.length === 0;
  }

  /** The one that leaves next. */
  get first(): QueuedTensor | undefined {
    return this.#tensors[0];
  }

  /** Of what waits, be it behind a tensor that was begun. */
  get dueMs(): number {
    const [first, second] = this.#tensors;
    return Math.min(first?.dueMs ?? Number.POSITIVE_INFINITY, second?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  /** Resolves to true when the tensor has left, to false if it was dropped. */
  push(frames: readonly OutgoingFrame[], dueMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const later = this.#tensors.findIndex((other) => other.next === 0 && other.dueMs > dueMs);
      const at = later < 0 ? this.#tensors.length : later;
      this.#tensors.splice(at, 0, { frames, dueMs, resolve, next: 0, startMs: 0, serializeMs: 0 });
      this.#bytes += totalBytes(frames);
    });
  }

  /** So many bytes of the first have left. */
  sent(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** The first has left as a whole. */
  finish(): void {
    this.#tensors.shift()?.resolve(true);
  }

  /** What was begun starts again. */
  restart(): void {
    const begun = this.first;
    if (begun === undefined) return;
    begun.next = 0;
    begun.serializeMs = 0;
    this.#bytes = this.#tensors.reduce((sum, { frames }) => sum + totalBytes(frames), 0);
  }

  drop(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.resolve(false);
    this.#bytes = 0;
  }
}

function totalBytes(frames: readonly OutgoingFrame[]): number {
  return frames[0]?.totalBytes ?? 0;
}
