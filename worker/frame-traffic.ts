import type { Span } from '../engine/index.js';

/** What moved in frame rings during one job. */
export interface FrameTrafficReport {
  /** Bytes by consumer. */
  readonly sentBytes: Readonly<Record<string, number>>;
  /** Bytes by producer. */
  readonly receivedBytes: Readonly<Record<string, number>>;
  readonly spans: readonly Span[];
}

/** The frames that the inference thread wrote and took itself, counted for the report of the job. */
export class FrameTraffic {
  #trace = false;
  #sentBytes: Record<string, number> = {};
  #receivedBytes: Record<string, number> = {};
  #spans: Span[] = [];

  /** A job begins. */
  begin(trace: boolean): void {
    this.#trace = trace;
    this.#sentBytes = {};
    this.#receivedBytes = {};
    this.#spans = [];
  }

  sent(span: Omit<Span, 'category' | 'component'> & { peer: string; sizeBytes: number }): void {
    const { peer, sizeBytes } = span;
    this.#sentBytes[peer] = (this.#sentBytes[peer] ?? 0) + sizeBytes;
    if (this.#trace) this.#spans.push({ ...span, category: 'serialize', component: 0 });
  }

  received(span: Omit<Span, 'category' | 'component'> & { peer: string; sizeBytes: number }): void {
    const { peer, sizeBytes } = span;
    this.#receivedBytes[peer] = (this.#receivedBytes[peer] ?? 0) + sizeBytes;
    if (this.#trace) this.#spans.push({ ...span, category: 'transfer', component: 0 });
  }

  report(): FrameTrafficReport {
    return { sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes, spans: this.#spans };
  }
}
