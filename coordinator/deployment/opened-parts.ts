import type { WorkerHandle } from '../workers/index.js';

/** A part that is open on a worker, or is being opened. */
export interface OpenPart {
  readonly part: string;
  readonly partId: string;
  readonly worker: WorkerHandle;
  readonly bytes: number;
  readonly ready: Promise<void>;
  runs: number;
  usedMs: number;
}

/** Parts that are open on workers. */
export class OpenedParts {
  readonly #open = new Set<OpenPart>();

  add(open: OpenPart): void {
    this.#open.add(open);
  }

  /** It is not open any more; false if it was not. */
  delete(open: OpenPart): boolean {
    return this.#open.delete(open);
  }

  /** Has its worker close it, if it is open. */
  close(open: OpenPart): void {
    if (this.delete(open)) open.worker.parts.close(open.partId);
  }

  find(part: string, worker: WorkerHandle): OpenPart | undefined {
    return [...this.#open].find((one) => one.part === part && one.worker === worker);
  }

  /** Those of a worker that nobody uses, the longest unused first. */
  idle(worker: WorkerHandle): OpenPart[] {
    return [...this.#open]
      .filter((one) => one.worker === worker && one.runs === 0)
      .sort((a, b) => a.usedMs - b.usedMs);
  }

  /** Memory that the open parts of a worker take, bytes. */
  bytes(worker: WorkerHandle): number {
    return [...this.#open].reduce((sum, one) => sum + (one.worker === worker ? one.bytes : 0), 0);
  }
}
