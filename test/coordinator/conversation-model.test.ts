import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import type { JobListener } from '../../coordinator/workers/index.js';
import type { WorkerHandle } from '../../coordinator/workers/worker-handle.js';
import type { Conversation } from '../../worker/conversation/conversation.js';
import { Choices } from '../support/choices.js';
import { FATES } from '../support/message-net.js';
import { conversationOf, handleOf, wires } from '../support/state-machines.js';
import { emptyOrder } from '../support/empty-order.js';

/** Where the coordinator gives up what it is at. */
const CANCELS = ['never', 'while it deploys', 'while it starts'] as const;

/** A coordinator's handle and a worker's conversation, with a way between them that does to messages what the choices say. */
class Pair {
  readonly handle: WorkerHandle;
  readonly conversation: Conversation;
  readonly loaded: ReadonlySet<string>;
  readonly started: readonly string[];
  /** Undefined: everything arrives. */
  choices: Choices | undefined;
  /** Messages in flight are delivered newest first. */
  isReordering = false;
  #flight: (() => void)[] = [];
  #late: (() => void)[] = [];
  readonly #wires = wires();

  constructor(choices: Choices) {
    this.choices = choices;
    this.handle = handleOf('w', (message) => {
      for (const each of message.batch?.messages ?? [message])
        this.#post(() => this.conversation.receive(this.#wires.fromCoordinator(each)));
    });
    const { conversation, machine } = conversationOf('w', (message) =>
      this.#post(() => this.handle.receive(this.#wires.fromWorker(message))),
    );
    this.conversation = conversation;
    this.loaded = machine.loaded;
    this.started = machine.started;
  }

  /** Delivers what is in flight, and what that makes, until nothing moves. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await Promise.resolve();
      const deliver = this.isReordering ? this.#flight.pop() : this.#flight.shift();
      if (deliver === undefined) continue;
      quiet = 0;
      deliver();
    }
  }

  /** What was held back comes now. */
  async release(): Promise<void> {
    this.#flight.push(...this.#late.splice(0));
    await this.settle();
  }

  #post(deliver: () => void): void {
    const fate = this.choices === undefined ? 'arrives' : FATES[this.choices.next(FATES.length)];
    if (fate === 'is lost') return;
    if (fate === 'comes when all else is over') this.#late.push(deliver);
    else this.#flight.push(deliver);
    if (fate === 'comes twice') this.#late.push(deliver);
  }
}

const listener = (jobId: string, attempt: number, faults: AsyncDiffError[]): JobListener => ({
  jobId,
  attempt,
  onNoise: () => undefined,
  onRoundDone: () => undefined,
  onRelayedFrame: () => undefined,
  onRelayCredit: () => undefined,
  onFault: (error) => void faults.push(error),
});

/** Settled, or not: a promise that can be looked at. */
function watch<T>(promise: Promise<T>): {
  readonly done: boolean;
  readonly value: T | undefined;
  readonly error: unknown;
} {
  const seen: { done: boolean; value: T | undefined; error: unknown } = {
    done: false,
    value: undefined,
    error: undefined,
  };
  promise.then(
    (value) => Object.assign(seen, { done: true, value }),
    (error: unknown) => Object.assign(seen, { done: true, error }),
  );
  return seen;
}

const aids = (signal: AbortSignal) => ({
  onNeed: () => undefined,
  onLinkDown: () => undefined,
  signal,
});

/** One attempt from deployment to report; whether it came through. */
async function attempt(
  pair: Pair,
  deploymentId: string,
  number: number,
  cancel: (typeof CANCELS)[number],
): Promise<boolean> {
  const { handle } = pair;
  const controller = new AbortController();
  const faults: AsyncDiffError[] = [];
  const settled = async (seen: { readonly done: boolean }): Promise<void> => {
    await pair.settle();
    // Whatever is not answered now never is: its limit passes.
    if (!seen.done) await vi.advanceTimersByTimeAsync(60_000);
    expect(seen.done, 'it has an end').toBe(true);
  };
  const deployed = watch(handle.deploy(emptyOrder(deploymentId), aids(controller.signal)));
  if (cancel === 'while it deploys') controller.abort();
  await settled(deployed);
  if (deployed.error !== undefined) return false;
  const started = watch(
    handle.startJob(
      { jobId: 'j', attempt: number, deploymentId },
      listener('j', number, faults),
      controller.signal,
    ),
  );
  if (cancel === 'while it starts') controller.abort();
  await settled(started);
  const isStarted = started.error === undefined;
  const ended = watch(handle.endJob('j', number, !isStarted));
  await settled(ended);
  return isStarted && ended.value !== undefined && faults.length === 0;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('coordinator and worker, whatever happens to any of their messages', () => {
  it.each(CANCELS)(
    'cancelled %s: every wait ends, states move as the table says, and the next attempt is as if nothing had been',
    async (cancel) => {
      const choices = new Choices();
      let runs = 0;
      do {
        for (const isReordering of [false, true]) {
          const pair = new Pair(isReordering ? new FixedChoices(choices) : choices);
          pair.isReordering = isReordering;
          const { handle } = pair;
          const what = `choices ${choices.toString()}${isReordering ? ', newest first' : ''}`;
          await attempt(pair, 'd1', 0, cancel);
          handle.undeploy('d1');
          await pair.settle();
          // From here on everything arrives, and what is late comes at its worst: after the next deployment was asked for, and after the start.
          pair.choices = undefined;
          if (handle.state !== 'lost') {
            const next = attempt(pair, 'd2', 1, 'never');
            await Promise.resolve();
            await pair.release();
            expect(await next, what).toBe(true);
            expect(handle.state, what).toBe('ready');
            expect([...pair.loaded], what).toEqual(['d2']);
            expect(pair.started.at(-1), what).toBe('j/1');
            await pair.release();
            expect([handle.state, ...pair.loaded], what).toEqual(['ready', 'd2']);
          }
          vi.clearAllTimers();
          runs += 1;
        }
      } while (choices.advance());
      expect(runs).toBeGreaterThan(20);
    },
  );
});

/** The same choices once more. */
class FixedChoices extends Choices {
  readonly #recorded: string;
  #position = 0;

  constructor(of: Choices) {
    super();
    this.#recorded = of.toString();
  }

  override next(): number {
    const choice = Number(this.#recorded[this.#position] ?? 0);
    this.#position += 1;
    return choice;
  }
}
