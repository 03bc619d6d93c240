import { ByteMeter, type ByteProgress } from '../../common/byte-progress.js';
import type { PlanningProgress } from '../../planner/index.js';
import type { OpeningStep } from '../workers/index.js';

/** What a job waits for before its first round. */
export interface Preparing {
  readonly stage: 'join' | PlanningProgress['stage'] | 'send' | 'open' | 'measure';
  /** 0 to 1 of the stage. */
  readonly fraction: number;
  /** Of stages that are counted in bytes. */
  readonly bytes?: ByteProgress | undefined;
}

export type OnPreparing = (progress: Preparing) => void;

/** How far one worker is. */
interface Part {
  readonly sessions: number;
  sessionsOpen: number;
  checkedBytes: number;
  toCheckBytes: number;
  receivedBytes: number;
  neededBytes: number;
}

/** How far the workers of a deployment are, from what each says of its own part. */
export class OpeningProgress {
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #onPreparing: OnPreparing;
  readonly #sent = new ByteMeter();
  readonly #checked = new ByteMeter();

  /** @param sessions of each worker, by its id */
  constructor(sessions: ReadonlyMap<string, number>, onPreparing: OnPreparing) {
    this.#parts = new Map(
      [...sessions].map(([id, count]) => [
        id,
        {
          sessions: count,
          sessionsOpen: 0,
          checkedBytes: 0,
          toCheckBytes: 0,
          receivedBytes: 0,
          neededBytes: 0,
        },
      ]),
    );
    this.#onPreparing = onPreparing;
    onPreparing({ stage: 'open', fraction: 0 });
  }

  /** A worker needs `neededBytes` bytes of artifacts. */
  need(workerId: string, neededBytes: number): void {
    const part = this.#parts.get(workerId);
    if (part === undefined) return;
    part.neededBytes = neededBytes;
    this.#tell();
  }

  update(workerId: string, progress: OpeningStep): void {
    const part = this.#parts.get(workerId);
    if (part === undefined) return;
    // A message tells the figures that have moved; the others are 0.
    part.sessionsOpen = Math.max(part.sessionsOpen, progress.sessionsOpen);
    part.checkedBytes = Math.max(part.checkedBytes, progress.checkedBytes);
    part.toCheckBytes = Math.max(part.toCheckBytes, progress.toCheckBytes);
    if (progress.receivedBytes > 0) part.receivedBytes = progress.receivedBytes;
    this.#tell();
  }

  /** The earliest of the stages that some worker is still at. */
  #tell(): void {
    const sum = (count: (part: Part) => number): number =>
      [...this.#parts.values()].reduce((total, part) => total + count(part), 0);
    const [received, needed] = [sum((part) => part.receivedBytes), sum((part) => part.neededBytes)];
    if (received < needed) {
      const bytes = this.#sent.at(received, needed);
      this.#onPreparing({ stage: 'send', fraction: received / needed, bytes });
      return;
    }
    const [checked, toCheck] = [sum((part) => part.checkedBytes), sum((part) => part.toCheckBytes)];
    const open = sum((part) => part.sessionsOpen);
    if (open === 0 && checked < toCheck) {
      const bytes = this.#checked.at(checked, toCheck);
      this.#onPreparing({ stage: 'hash', fraction: checked / toCheck, bytes });
      return;
    }
    const fraction = Math.min(
      1,
      open /
        Math.max(
          1,
          sum((part) => part.sessions),
        ),
    );
    this.#onPreparing(fraction < 1 ? { stage: 'open', fraction } : { stage: 'measure', fraction: 0 });
  }
}
