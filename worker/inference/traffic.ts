import { clockMs, type Span } from '../../execution/runtime/index.js';
import type { ReceivedMeta } from '../../rpc/streams/index.js';

/** What moved during one job. */
export interface TrafficReport {
  /** Bytes by consumer. */
  readonly sentBytes: Readonly<Record<string, number>>;
  /** Bytes by producer. */
  readonly receivedBytes: Readonly<Record<string, number>>;
  readonly spans: readonly Span[];
}

/** What one of a worker's threads moved, counted for the report of the job. */
export class Traffic {
  #trace = false;
  readonly #sentBytes = new Map<string, number>();
  readonly #receivedBytes = new Map<string, number>();
  #spans: Span[] = [];

  /** A job begins: its report starts empty. */
  begin(trace: boolean): void {
    this.#trace = trace;
    this.#sentBytes.clear();
    this.#receivedBytes.clear();
    this.#spans = [];
  }

  sent(consumerId: string, bytes: number): void {
    add(this.#sentBytes, consumerId, bytes);
  }

  received(producerId: string, bytes: number): void {
    add(this.#receivedBytes, producerId, bytes);
  }

  /** Kept for a job that is traced. */
  addSpan(span: Omit<Span, 'component'>): void {
    if (this.#trace) this.#spans.push({ ...span, component: 0 });
  }

  /** A tensor came in: from the producer's clock to ours; whoever merges traces knows both offsets. */
  transferred(
    { name, version, sentUs }: Pick<ReceivedMeta, 'name' | 'version' | 'sentUs'>,
    peer: string,
    sizeBytes: number,
  ): void {
    const startMs = sentUs / 1000;
    const durationMs = clockMs() - startMs;
    this.addSpan({ name, category: 'transfer', startMs, durationMs, round: version, sizeBytes, peer });
  }

  report(): TrafficReport {
    return {
      sentBytes: Object.fromEntries(this.#sentBytes),
      receivedBytes: Object.fromEntries(this.#receivedBytes),
      spans: this.#spans,
    };
  }
}

/** Both threads' bytes by worker. */
export function sumBytes(...parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum = new Map<string, number>();
  for (const [id, bytes] of parts.flatMap((part) => Object.entries(part))) add(sum, id, bytes);
  return Object.fromEntries(sum);
}

function add(sums: Map<string, number>, id: string, bytes: number): void {
  sums.set(id, (sums.get(id) ?? 0) + bytes);
}
