import type { Round, Segment, Task } from '../../program/index.js';

/** A task in its worker's queue. */
export interface QueuedTask {
  readonly task: Task;
  readonly round: Round;
  readonly worker: string;
  readonly segment: Segment;
  /** Step whose noise prediction is complete with it. */
  readonly epsStep: number | undefined;
  /** What has to be on the worker before it starts. */
  readonly needs: readonly string[];
  /** Values between sessions of its component that are there with its end. */
  readonly leaves: readonly string[];
}

/** The tasks of one worker, in program order: it begins the first of which everything is there (as the real worker does, execution/task-executor.ts). */
export class WorkerQueue {
  readonly #tasks: (QueuedTask | undefined)[] = [];
  /** The first that has not begun. */
  #first = 0;
  #issuedRound = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  add(task: QueuedTask): void {
    this.#tasks.push(task);
  }

  /** Rounds up to this one may begin. */
  issue(round: number): void {
    this.#issuedRound = Math.max(this.#issuedRound, round);
  }

  /** The worker has ended what it began. */
  free(): void {
    this.#isBusy = false;
  }

  /**
   * The task that begins now, if the worker is free and one can.
   * @param lastRound tasks of later rounds stay
   */
  begin(lastRound: number, isHere: (need: string) => boolean): QueuedTask | undefined {
    if (this.#isBusy) return undefined;
    const until = Math.min(lastRound, this.#issuedRound);
    for (let at = this.#first; at < this.#tasks.length; at++) {
      const queued = this.#tasks[at];
      if (queued === undefined) continue;
      if (queued.task.round > until) return undefined;
      if (!queued.needs.every(isHere)) continue;
      this.#tasks[at] = undefined;
      while (this.#first < this.#tasks.length && this.#tasks[this.#first] === undefined) this.#first++;
      this.#isBusy = true;
      return queued;
    }
    return undefined;
  }
}
