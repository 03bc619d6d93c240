import { componentCount, noisePartOf } from './guidance-split.js';
import { isLatents } from './latents.js';
import type { Partition } from './partition.js';
import { type Placement, workersOf } from './placement.js';
import { segmentBegins } from './segment-begins.js';
import { aheadOf } from './stages.js';

/** When a boundary tensor is waited for at one worker, milliseconds of declared or measured compute. */
export interface Due {
  /** In an asynchronous round: from the beginning of the round after the one that makes it. */
  readonly asyncMs: number;
  /** In a synchronous round: before the end of that round, and so negative. */
  readonly syncMs: number;
}

/** A clock that compares what leaves a worker: not real time, only an order. */
export interface DueClock {
  /** Length of an asynchronous round: the slowest component's time. */
  readonly roundMs: number;
  /** Length of a synchronous round: all components' times. */
  readonly stepMs: number;
}

/** For what nobody waits for: it goes last. */
const NEVER: Due = { asyncMs: Number.MAX_VALUE, syncMs: Number.MAX_VALUE };
/** All wait for the latents, and these for the noise prediction. */
const AT_ONCE: Due = { asyncMs: Number.NEGATIVE_INFINITY, syncMs: Number.NEGATIVE_INFINITY };

/**
 * When every boundary tensor, and the latents, are due at every worker that reads them. A component's sessions run one after another, and what
 * the first of them reads is waited for first; in a synchronous round the components follow each other as well.
 */
export class DueTimes implements DueClock {
  readonly roundMs: number;
  readonly stepMs: number;
  readonly #dues = new Map<string, Due>();

  /** @param lookAhead of plans whose components look ahead: versions are then steps, and each reader has its own distance */
  constructor(partition: Partition, placement: Placement, lookAhead?: { readonly stride: number }) {
    const slowestMs = Math.max(...partition.components.map(({ costMs }) => costMs));
    this.roundMs = slowestMs / (lookAhead?.stride ?? 1);
    this.stepMs = partition.components.reduce((sum, { costMs }) => sum + costMs, 0) / partition.halves;
    const lags = new Map(partition.boundaryTensors.map(({ name, lag }) => [name, lag]));
    const ahead = aheadOf(partition);
    const perHalf = componentCount(partition);
    const orderMs = new Map<number, number>();
    for (const [at, beginMs] of segmentBegins(partition.segments).entries()) {
      const { id, component, costMs, boundaryReads } = partition.segments[at]!;
      const half = Math.floor((component - 1) / perHalf);
      const beforeMs = orderMs.get(half) ?? 0;
      // What is made for a step is waited for so many rounds earlier as its reader looks ahead.
      const readMs = beginMs - ahead.get(id)! * slowestMs;
      for (const name of boundaryReads) {
        const asyncMs = ((lags.get(name) ?? 1) - 1) * this.roundMs + beginMs;
        for (const [replica, worker] of workersOf(placement, component).entries()) {
          if (lookAhead !== undefined) {
            this.#add(name, worker, { asyncMs: readMs, syncMs: readMs });
            continue;
          }
          // Replicas of component N but the first have no part in synchronous rounds: they need the last one's tensors for round 1.
          const syncMs = replica === 0 ? beforeMs - this.stepMs : asyncMs;
          this.#add(name, worker, { asyncMs, syncMs });
        }
      }
      orderMs.set(half, beforeMs + costMs);
    }
  }

  /** Of a boundary tensor, of latents or of a noise prediction, at a worker. */
  of(name: string, worker: string): Due {
    return isLatents(name) || noisePartOf(name) !== undefined
      ? AT_ONCE
      : (this.#dues.get(`${worker} ${name}`) ?? NEVER);
  }

  #add(name: string, worker: string, due: Due): void {
    const { asyncMs, syncMs } = this.of(name, worker);
    this.#dues.set(`${worker} ${name}`, {
      asyncMs: Math.min(asyncMs, due.asyncMs),
      syncMs: Math.min(syncMs, due.syncMs),
    });
  }
}

/** Place of one version on the clock. Synchronous rounds of AsyncDiff have versions up to 0, see `Round`. */
export function dueAt(clock: DueClock, due: Due, version: number): number {
  return version > 0 ? version * clock.roundMs + due.asyncMs : version * clock.stepMs + due.syncMs;
}
