import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import type { JobEvent } from './job-record.js';

/** Takes one event; resolves when the network has it, or the follower is gone. */
export type SendEvent = (event: JobEvent) => Promise<void>;

/** Kinds of which only the latest event matters: one that waits to be sent is replaced by the next. */
export const LATEST_KINDS = ['queued', 'preparing', 'planned', 'preview', 'progress'] as const;
/** Warnings that may wait to be sent; beyond, the oldest is dropped. */
const MAX_WARNINGS = 16;
/** Bytes of tensors that may wait to be sent; beyond, the job waits. */
const MAX_WAITING_BYTES = 16 << 20;
/** A client that takes this much is slow and not stalled. */
const MIN_BYTES_PER_SECOND = 50_000;

/**
 * Someone who follows a job, as fast as the network takes it: one event is under way, and what waits behind it has a bound. Previews and
 * progress that come too fast are dropped for later ones, tensors of steps hold the job up, and a follower that reads nothing for long is ended.
 */
export class Follower {
  readonly #send: SendEvent;
  readonly #stallMs: number;
  readonly #onStalled: (error: AsyncDiffError) => void;
  #waiting: JobEvent[] = [];
  #waitingBytes = 0;
  #isSending = false;
  #isOver = false;
  readonly #wakes = new Set<() => void>();

  /** @param onStalled it has read nothing for `stallMs` milliseconds, and is over */
  constructor(send: SendEvent, stallMs: number, onStalled: (error: AsyncDiffError) => void) {
    this.#send = send;
    this.#stallMs = stallMs;
    this.#onStalled = onStalled;
  }

  push(event: JobEvent): void {
    if (this.#isOver) return;
    const kind = LATEST_KINDS.find((each) => event[each]);
    if (kind !== undefined) this.#waiting = this.#waiting.filter((each) => !each[kind]);
    if (event.warning) this.#dropOldWarning();
    this.#waiting.push(event);
    this.#waitingBytes += bytesOf(event);
    if (!this.#isSending) void this.#run();
  }

  /** Resolves when there is room for more tensors; undefined where there is some. */
  room(): Promise<void> | undefined {
    if (this.#isOver || this.#waitingBytes <= MAX_WAITING_BYTES) return undefined;
    return this.#until(() => this.#waitingBytes <= MAX_WAITING_BYTES);
  }

  /** Resolves when everything was sent, or it is over. */
  async drained(): Promise<void> {
    await this.#until(() => !this.#isSending);
  }

  /** Nothing more is sent. */
  close(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#wake();
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const takesMs = (payloadBytes(next) / MIN_BYTES_PER_SECOND) * 1000;
      const deadline = new Deadline(this.#stallMs + takesMs, () => this.#stalled());
      await this.#send(next);
      deadline.clear();
      this.#waitingBytes -= this.#isOver ? 0 : bytesOf(next);
      this.#wake();
    }
    this.#isSending = false;
    this.#wake();
  }

  #stalled(): void {
    this.close();
    this.#onStalled(
      new AsyncDiffError(
        'deadline_exceeded',
        `the client has read nothing of what its job tells for ${this.#stallMs / 1000} s`,
        {
          hint: 'Read the events of a job as they come; one that is not followed is submitted with `detached`.',
        },
      ),
    );
  }

  #dropOldWarning(): void {
    const warnings = this.#waiting.filter(({ warning }) => warning);
    if (warnings.length >= MAX_WARNINGS) this.#waiting = this.#waiting.filter((each) => each !== warnings[0]);
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!this.#isOver && !isTrue()) await new Promise<void>((resolve) => this.#wakes.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
    this.#wakes.clear();
  }
}

/** What there is to read in an event. */
function payloadBytes(event: JobEvent): number {
  const { images = [], latents, trace = '' } = event.done ?? {};
  const parts = [...images, latents?.data ?? '', event.preview?.image ?? ''];
  return parts.reduce((sum, { length }) => sum + length, bytesOf(event) + trace.length);
}

/** Tensors of a step, or outputs of an item. */
export function bytesOf({ stepTensors, itemOutputs }: JobEvent): number {
  const tensors = [
    ...(stepTensors ? [stepTensors.latents, stepTensors.eps] : []),
    ...Object.values(itemOutputs?.outputs ?? {}),
  ];
  return tensors.reduce((sum, tensor) => sum + (tensor?.data?.length ?? 0), 0);
}
