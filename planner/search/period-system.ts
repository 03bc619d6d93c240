import type { CycleEdge } from '../../common/max-plus/index.js';

export type EventKind = 'compute' | 'transfer' | 'latents' | 'eps' | 'sampler' | 'link';

/** Something that happens once per round and takes time. */
interface PeriodEvent {
  readonly kind: EventKind;
  readonly label: string;
  readonly durationMs: number;
}

/** The asynchronous rounds of a plan as a max-plus system. */
export interface EventGraph {
  readonly events: readonly PeriodEvent[];
  readonly edges: readonly CycleEdge[];
}

/** A max-plus system as it is put together: events, what follows what, and what shares a resource. */
export class PeriodSystem {
  readonly #events: PeriodEvent[] = [];
  readonly #edges: CycleEdge[] = [];
  readonly #busyMs = new Map<string, number>();

  event(kind: EventKind, label: string, durationMs: number): number {
    return this.#events.push({ kind, label, durationMs }) - 1;
  }

  durationMs(event: number): number {
    return this.#events[event]!.durationMs;
  }

  /** `to` begins at the earliest `extraMs` after the end of `from`, `length` rounds before. */
  edge(from: number, to: number, extraMs: number, length: number): void {
    this.#edges.push({ from, to, weight: this.durationMs(from) + extraMs, length });
  }

  /** Events that happen one after another, round after round. */
  chain(events: readonly number[]): void {
    for (const [at, event] of events.entries()) {
      const next = events[at + 1];
      if (next === undefined) this.edge(event, events[0]!, 0, 1);
      else this.edge(event, next, 0, 0);
    }
  }

  /** A resource is busy for so long in every round, in whatever order. */
  occupy(resource: string, busyMs: number): void {
    this.#busyMs.set(resource, (this.#busyMs.get(resource) ?? 0) + busyMs);
  }

  /** The whole system. Nothing is added to it afterwards. */
  graph(): EventGraph {
    for (const [resource, busyMs] of this.#busyMs) {
      const event = this.event('link', resource, busyMs);
      this.edge(event, event, 0, 1);
    }
    return { events: this.#events, edges: this.#edges };
  }
}
