import type { Round } from '../../program/index.js';
import type { TimelineRound, TimelineSpan } from './timeline.js';

interface StepClockOptions {
  readonly rounds: readonly Round[];
  /** Of a step of the coordinator's sampler; undefined where a worker runs it. */
  readonly samplerMs: number | undefined;
  readonly onSpan: (span: TimelineSpan) => void;
  /** The round at this index is over. */
  readonly onRound: (at: number, endMs: number) => void;
}

/** The coordinator's side of a simulated run: noise predictions arrive in any order, steps are taken in theirs, and rounds end. */
export class StepClock {
  readonly finished: TimelineRound[] = [];
  /** When the last round so far was over. */
  totalMs = 0;
  readonly #options: StepClockOptions;
  readonly #arrived = new Map<number, number>();
  #nextStep = 0;
  #freeMs = 0;

  constructor(options: StepClockOptions) {
    this.#options = options;
  }

  /** The noise prediction of a step arrives: steps are taken as far as they are there in order. */
  arrive(step: number, arrivedMs: number): void {
    this.#arrived.set(step, arrivedMs);
    for (;;) {
      const nextMs = this.#arrived.get(this.#nextStep);
      if (nextMs === undefined) return;
      this.#take(this.#nextStep++, nextMs);
    }
  }

  #take(step: number, arrivedMs: number): void {
    const { rounds, samplerMs, onSpan } = this.#options;
    const startMs = Math.max(arrivedMs, this.#freeMs);
    const durationMs = samplerMs ?? 0;
    this.#freeMs = startMs + durationMs;
    const at = rounds.findIndex(({ firstStep, steps }) => step >= firstStep && step < firstStep + steps);
    const { round, firstStep, steps } = rounds[at]!;
    if (samplerMs !== undefined)
      onSpan({ kind: 'sampler', worker: 'coordinator', label: `step ${step}`, round, startMs, durationMs });
    if (step === firstStep + steps - 1) this.#endRound(at, this.#freeMs);
  }

  #endRound(at: number, endMs: number): void {
    const { round, mode, firstStep, steps } = this.#options.rounds[at]!;
    this.finished.push({ round, mode, firstStep, steps, endMs, durationMs: endMs - this.totalMs });
    this.totalMs = endMs;
    this.#options.onRound(at, endMs);
  }
}
