/** How far work is that is counted in bytes. */
export interface ByteProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the last seconds; 0 where it is not known yet. */
  readonly bytesPerSecond: number;
  /** At this rate; undefined where it is not known yet. */
  readonly secondsLeft: number | undefined;
}

const WINDOW_MS = 4_000;
/** A rate over less time says nothing. */
const MIN_MS = 300;

/** Rate and time left of work that is counted in bytes, from what was done in the last seconds. */
export class ByteMeter {
  readonly #samples: { readonly ms: number; readonly bytes: number }[] = [];

  /** @param nowMs a clock that never goes back */
  at(doneBytes: number, totalBytes: number, nowMs: number = performance.now()): ByteProgress {
    this.#samples.push({ ms: nowMs, bytes: doneBytes });
    while (this.#samples.length > 2 && nowMs - (this.#samples[1] as { ms: number }).ms >= WINDOW_MS)
      this.#samples.shift();
    const [first = { ms: nowMs, bytes: doneBytes }] = this.#samples;
    const tookMs = nowMs - first.ms;
    const bytesPerSecond = tookMs < MIN_MS ? 0 : Math.max(0, ((doneBytes - first.bytes) / tookMs) * 1000);
    const secondsLeft = bytesPerSecond > 0 ? Math.max(0, totalBytes - doneBytes) / bytesPerSecond : undefined;
    return { doneBytes, totalBytes, bytesPerSecond, secondsLeft };
  }
}
