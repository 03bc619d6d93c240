/** Samples that are kept: enough to meet a quiet moment, few enough to follow a drifting clock. */
const MAX_SAMPLES = 16;

interface Sample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

/**
 * How far another host's clock is ahead of ours, from pings. The sample with the shortest round trip is believed
 * (Cristian's algorithm): its error is at most half its round trip.
 */
export class ClockOffset {
  readonly #samples: Sample[] = [];

  /** @param sentMs our clock at the ping; @param theirMs their clock when they answered; @param receivedMs our clock at the pong. */
  add(sentMs: number, theirMs: number, receivedMs: number): void {
    const roundTripMs = receivedMs - sentMs;
    this.#samples.push({ roundTripMs, offsetMs: theirMs - (sentMs + roundTripMs / 2) });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Their clock minus ours, milliseconds; 0 before the first pong. */
  get offsetMs(): number {
    return this.#best?.offsetMs ?? 0;
  }

  /** Shortest round trip seen lately, milliseconds; undefined before the first pong. */
  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  get #best(): Sample | undefined {
    return this.#samples.reduce<Sample | undefined>(
      (best, sample) => (best === undefined || sample.roundTripMs < best.roundTripMs ? sample : best),
      undefined,
    );
  }
}
