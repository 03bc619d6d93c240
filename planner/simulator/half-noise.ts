import {
  componentCount,
  type Partition,
  type Placement,
  workerOfRun,
  workersOf,
} from '../../program/index.js';

interface Begun {
  readonly round: number;
  /** Whether the other half comes from elsewhere, and is not here yet. */
  waits: boolean;
  /** Both are here, and the sampler is at it, on the thread that runs the tasks. */
  isSampled: boolean;
}

/**
 * Noise predictions of a split batch on the workers that join their halves. While one waits there for its other half, no task of a later
 * round begins: the sampler, and all who wait for its latents, would wait for that one's end (as in execution/task-executor.ts).
 */
export class HalfNoise {
  readonly #partition: Partition;
  readonly #placement: Placement;
  /** By joining worker, then by step, in the order in which a part of it came. */
  readonly #begun = new Map<string, Map<number, Begun>>();
  /** Steps of which one half is where it is joined. */
  readonly #halfDone = new Set<number>();

  constructor(partition: Partition, placement: Placement) {
    this.#partition = partition;
    this.#placement = placement;
  }

  /** The worker that joins the halves of what a run of component N predicts. */
  joinerOf(run: number): string {
    return workerOfRun(this.#placement, componentCount(this.#partition), run);
  }

  /** A worker has made a part of a noise prediction of its own half. */
  made(worker: string, step: number, round: number): void {
    const isElsewhere = !workersOf(this.#placement, this.#partition.components.length).includes(worker);
    const begun = this.#at(worker);
    if (!begun.has(step)) begun.set(step, { round, waits: isElsewhere, isSampled: false });
  }

  /** The other half has come. */
  arrived(worker: string, step: number, round: number): void {
    const begun = this.#at(worker);
    const known = begun.get(step);
    if (known === undefined) begun.set(step, { round, waits: false, isSampled: false });
    else known.waits = false;
  }

  /** A half is whole; returns whether both are. */
  complete(worker: string, step: number): boolean {
    if (!this.#halfDone.delete(step)) {
      this.#halfDone.add(step);
      return false;
    }
    const begun = this.#begun.get(worker)?.get(step);
    if (begun !== undefined) begun.isSampled = true;
    return true;
  }

  /** The sampler has taken the step. */
  sampled(worker: string, step: number): void {
    this.#begun.get(worker)?.delete(step);
  }

  /** The last round of which a worker may begin tasks. */
  lastRoundAt(worker: string): number {
    const begun = [...(this.#begun.get(worker)?.values() ?? [])];
    if (begun.some(({ isSampled }) => isSampled)) return Number.NEGATIVE_INFINITY;
    return begun[0]?.waits === true ? begun[0].round : Number.POSITIVE_INFINITY;
  }

  #at(worker: string): Map<number, Begun> {
    const begun = this.#begun.get(worker) ?? new Map<number, Begun>();
    this.#begun.set(worker, begun);
    return begun;
  }
}
