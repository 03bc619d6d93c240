import { joinBatch, type Tensor } from '../common/tensor/index.js';
import { noisePartName } from '../program/index.js';

/**
 * Noise predictions that are made part by part: by the micro-batches of a batch here, or, where guidance is split, by another worker
 * as well. Parts may come in any order.
 */
export class NoiseParts {
  /** Parts that have come, by step, then by part. */
  readonly #parts = new Map<number, Map<number, Tensor>>();
  /** Whole noise predictions whose turn has not come, by step. */
  readonly #waiting = new Map<number, Tensor>();

  /** One part of a step's noise prediction, as the session gave it. */
  add(step: number, part: number, tensor: Tensor): void {
    this.#parts.set(step, (this.#parts.get(step) ?? new Map<number, Tensor>()).set(part, tensor));
  }

  /**
   * All of a step's noise prediction, before guidance, if its parts are here; they are then forgotten.
   * @param count parts of the batch
   */
  take(step: number, count: number): Tensor | undefined {
    const parts = this.#parts.get(step);
    if (parts === undefined || parts.size < count) return undefined;
    this.#parts.delete(step);
    // One is the whole: its own memory.
    return joinBatch([...parts].sort(([a], [b]) => a - b).map(([, tensor]) => tensor));
  }

  /** A whole one, and those that may be taken with it, in the order of their steps. @param next the step whose turn it is */
  inTurn(step: number, eps: Tensor, next: number): [number, Tensor][] {
    this.#waiting.set(step, eps);
    const turns: [number, Tensor][] = [];
    for (let at = next; this.#waiting.has(at); at++) {
      turns.push([at, this.#waiting.get(at) as Tensor]);
      this.#waiting.delete(at);
    }
    return turns;
  }

  /** Whether nothing is waited for. */
  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  /** Of the oldest step that has some of its parts: the names of the others. */
  missing(count: number): { readonly step: number; readonly names: readonly string[] } | undefined {
    for (const [step, parts] of this.#parts) {
      const all = Array.from({ length: count }, (_, part) => part);
      return { step, names: all.filter((part) => !parts.has(part)).map(noisePartName) };
    }
    return undefined;
  }

  clear(): void {
    this.#parts.clear();
    this.#waiting.clear();
  }
}
