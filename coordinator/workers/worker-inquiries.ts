import { clockMs } from '../../execution/runtime/index.js';
import type { PlanLink } from '../../planner/index.js';
import type { Peer } from '../../protocol/index.js';
import { ClockOffset } from './clock-offset.js';
import type { WorkerLimitsMs } from './limits.js';
import type { WorkerAsks } from './worker-asks.js';
import type { WorkerLink, WorkerProgress } from './worker-link.js';
import { checkAmounts, linkOf } from './worker-words.js';

/** Pings that are sent back to back when a worker joins. */
const EAGER_PINGS = 6;

/** A link to a worker as that one measured it. */
type ProbedLink = Omit<PlanLink, 'from' | 'to'> & { readonly producerId: string };

/** What a worker can be asked at any time, whatever it is at: whether it is there, what it does, how its links are. */
export class WorkerInquiries {
  readonly clock = new ClockOffset();
  readonly #asks: WorkerAsks;
  readonly #limitsMs: WorkerLimitsMs;
  readonly #send: WorkerLink['send'];
  #lastHeardMs = clockMs();
  #pings = 0;
  #asked = 0;

  constructor(asks: WorkerAsks, limitsMs: WorkerLimitsMs, send: WorkerLink['send']) {
    this.#asks = asks;
    this.#limitsMs = limitsMs;
    this.#send = send;
  }

  get silentMs(): number {
    return clockMs() - this.#lastHeardMs;
  }

  /** A message came, whatever it says. */
  heard(): void {
    this.#lastHeardMs = clockMs();
  }

  ping(): void {
    this.#pings += 1;
    this.#send({ ping: { id: this.#pings, sentMs: clockMs() } });
  }

  pong({
    id,
    sentMs,
    clockMs: theirMs,
  }: {
    readonly id: number;
    readonly sentMs: number;
    readonly clockMs: number;
  }): void {
    const nowMs = clockMs();
    // What comes back is what was sent: a worker that says otherwise would be planned with a link that cannot be.
    checkAmounts('a round trip', [nowMs - sentMs]);
    checkAmounts("a worker's clock", [Math.abs(theirMs)], Number.MAX_SAFE_INTEGER);
    this.clock.add(sentMs, theirMs, nowMs);
    this.#asks.answer(`pong/${id}`);
    // The first round trips are those of a process that has just started, and longer than the link's.
    if (this.#pings < EAGER_PINGS) this.ping();
  }

  /** Resolves when it answers a ping, or is lost. */
  async confirm(): Promise<void> {
    const pong = this.#asks.ask<void>(`pong/${this.#pings + 1}`, {
      task: 'answer a ping',
      withinMs: this.#limitsMs.ask,
      reason: 'silent',
    });
    this.ping();
    await pong.catch(() => undefined);
  }

  /** What it is at. */
  async progress(): Promise<WorkerProgress> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = this.#asks.ask<WorkerProgress>(`state/${id}`, {
      task: 'tell what it is at',
      withinMs: this.#limitsMs.ask,
    });
    this.#send({ askState: { id } });
    return answer;
  }

  /** Has it measure the links from others to it; those that do not work have no bytes per second. */
  async links(
    producers: readonly Pick<Peer, 'workerId' | 'address'>[],
    signal?: AbortSignal,
  ): Promise<readonly ProbedLink[]> {
    this.#asked += 1;
    const id = this.#asked;
    const probed = this.#asks.ask<{ readonly links: readonly ProbedLink[] }>(`probed/${id}`, {
      task: 'measure its links',
      withinMs: producers.length * this.#limitsMs.probe,
      signal,
    });
    this.#send({ probeLinks: { id, producers: [...producers] } });
    return (await probed).links.map(linkOf);
  }
}
