/** Something with frames to send, one at a time. */
export interface Sender {
  /** When its next frame is waited for, on a clock that all senders share; the smaller goes first. */
  readonly dueMs: number;
  /** Sends one frame and calls `done` once, when the network has taken it; false if there is nothing to send after all. */
  send(done: () => void): boolean;
}

/** A frame that the network has not taken after this long holds up its own consumer only. */
const STALL_MS = 1000;

/**
 * The way out of this process. Frames for several consumers leave one after another, the one first that is waited for
 * soonest: side by side they would share the interface, and all of them would arrive as late as the last. A consumer that
 * takes nothing does not stop the others for long.
 */
export class Egress {
  readonly #waiting = new Set<Sender>();
  /** Identifies the frame that is on its way out. */
  #line: object | undefined;
  #last: Sender | undefined;
  #granting = false;
  #stall: NodeJS.Timeout | undefined;

  /** `sender` has a frame: it is told to send when its turn comes. */
  request(sender: Sender): void {
    this.#waiting.add(sender);
    if (this.#line !== undefined) this.#watch();
    else if (!this.#granting) {
      // What becomes ready in one turn is chosen from together.
      this.#granting = true;
      queueMicrotask(() => {
        this.#granting = false;
        this.#grant();
      });
    }
  }

  /** `sender` has nothing to send any more. */
  withdraw(sender: Sender): void {
    this.#waiting.delete(sender);
    if (this.#last === sender) this.#last = undefined;
  }

  #grant(): void {
    while (this.#line === undefined && this.#waiting.size > 0) {
      const sender = this.#next();
      this.#waiting.delete(sender);
      const line = {};
      this.#line = line;
      this.#last = sender;
      const done = (): void => {
        if (this.#line === line) this.#free();
      };
      if (!sender.send(done)) this.#line = undefined;
    }
    if (this.#waiting.size > 0) this.#watch();
  }

  /** Of those that are due at the same time, the one that was at it goes on: in turns, all would be as late as the last. */
  #next(): Sender {
    const waiting = [...this.#waiting];
    const last = waiting.find((sender) => sender === this.#last);
    return waiting.reduce((next, sender) => (sender.dueMs < next.dueMs ? sender : next), last ?? waiting[0]!);
  }

  #free(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#line = undefined;
    this.#grant();
  }

  #watch(): void {
    this.#stall ??= setTimeout(() => this.#free(), STALL_MS).unref();
  }
}
