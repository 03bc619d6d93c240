import { BackOff } from './back-off.js';
import type { WorkerHandle } from './worker-handle.js';

/** Pairs of workers of which one cannot reach the other: what goes between them is relayed for a while, then tried directly again. */
export class PairHealth {
  readonly #backOff = new BackOff();

  failed(from: WorkerHandle, to: WorkerHandle): void {
    this.#backOff.failed(keyOf(from, to));
  }

  worked(from: WorkerHandle, to: WorkerHandle): void {
    this.#backOff.worked(keyOf(from, to));
  }

  /** Whether `to`, which dials, reaches `from` as far as is known. */
  isReachable(from: WorkerHandle, to: WorkerHandle): boolean {
    return from.facts.address !== '' && this.#backOff.leftMs(keyOf(from, to)) === 0;
  }
}

function keyOf(from: WorkerHandle, to: WorkerHandle): string {
  return `${from.id}@${from.facts.address}>${to.id}@${to.facts.address}`;
}
