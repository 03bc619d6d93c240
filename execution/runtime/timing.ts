import type { Task } from '../../program/index.js';

/** What a worker's time goes to. */
export const SPAN_CATEGORIES = Object.freeze([
  'compute',
  'wait',
  'serialize',
  'transfer',
  'sampler',
] as const);

/** A span of the trace. Times are milliseconds since the epoch on this process's monotonic clock. */
export interface Span {
  readonly name: string;
  readonly category: (typeof SPAN_CATEGORIES)[number];
  readonly startMs: number;
  readonly durationMs: number;
  readonly round: number;
  readonly component: number;
  readonly sizeBytes?: number;
  readonly peer?: string;
}

/** Monotonic, and comparable between the threads of one process (each has its own `timeOrigin`). */
export function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Where an executor's time went during one job. */
export class JobTiming {
  keepSpans = false;
  computeMs = 0;
  /** Time between two tasks: inputs had not arrived. The time before the first task is not counted. */
  waitMs = 0;
  readonly spans: Span[] = [];
  readonly #segments = new Map<string, { totalMs: number; runs: number }>();
  #startMs = 0;
  #lastEndMs = 0;
  #waitedMs = 0;

  begin(): void {
    this.#startMs = clockMs();
    this.#waitedMs = this.#lastEndMs === 0 ? 0 : this.#startMs - this.#lastEndMs;
    this.waitMs += this.#waitedMs;
  }

  end(task: Task, segmentId: string): void {
    const endMs = clockMs();
    const durationMs = endMs - this.#startMs;
    this.computeMs += durationMs;
    this.#lastEndMs = endMs;
    if (task.round > 0) {
      const known = this.#segments.get(segmentId) ?? { totalMs: 0, runs: 0 };
      this.#segments.set(segmentId, { totalMs: known.totalMs + durationMs, runs: known.runs + 1 });
    }
    if (!this.keepSpans) return;
    const { round, component } = task;
    if (this.#waitedMs > 0.05) {
      this.spans.push({
        name: `wait ${task.id}`,
        category: 'wait',
        startMs: this.#startMs - this.#waitedMs,
        durationMs: this.#waitedMs,
        round,
        component,
      });
    }
    this.spans.push({
      name: task.id,
      category: 'compute',
      startMs: this.#startMs,
      durationMs,
      round,
      component,
    });
  }

  /** The sampler ran between two tasks. */
  sampled(round: number, step: number, startMs: number): void {
    this.#lastEndMs = clockMs();
    if (!this.keepSpans) return;
    const durationMs = this.#lastEndMs - startMs;
    this.spans.push({ name: `step ${step}`, category: 'sampler', startMs, durationMs, round, component: 0 });
  }

  /** Mean time of each segment over asynchronous rounds, milliseconds. */
  segmentMs(): Record<string, number> {
    return Object.fromEntries([...this.#segments].map(([id, { totalMs, runs }]) => [id, totalMs / runs]));
  }
}
