import { setImmediate, setTimeout } from 'node:timers/promises';
import { AsyncDiffError } from '../../common/errors/index.js';
import { tensorBytes } from '../../common/tensor/index.js';
import type { SegmentSpec } from '../../execution/index.js';
import { clockMs } from '../../execution/runtime/index.js';
import { isLatents, LATENTS, noisePartName, sessionValueName } from '../../program/index.js';
import { type Frame, FrameRingReader, MAX_FRAME_BYTES } from '../exchange/shared-memory/index.js';
import type { Traffic } from './traffic.js';

interface FrameInboxOptions {
  readonly traffic: Traffic;
  readonly onFrame: (frame: Frame) => void;
  /** A ring that makes no sense: nothing more is taken from that producer. */
  readonly onBroken: (deploymentId: string, producerId: string, error: AsyncDiffError) => void;
  /** Whether anything waits for tensors of such names only. */
  readonly isAwaited: (isMeant: (name: string) => boolean) => boolean;
}

/** Waiting is longer by so much of itself at most: looks become rarer the longer it lasts. */
const LATE = 1 / 16;
const MIN_PAUSE_MS = 0.1;
const MAX_PAUSE_MS = 2;

const cell = new Int32Array(new SharedArrayBuffer(4));

interface OpenRing {
  readonly deploymentId: string;
  readonly producerId: string;
  readonly reader: FrameRingReader;
}

/**
 * In the inference thread: the rings that producers on this host write into. Nobody rings a bell: they are looked at before each
 * task, and while there is nothing else to do. A bell would be a message to the network thread, which is what the rings save.
 */
export class FrameInbox {
  readonly #options: FrameInboxOptions;
  #rings: OpenRing[] = [];
  /** Names of tensors that are small enough for a frame, by plan. */
  readonly #small = new Map<string, ReadonlySet<string>>();
  #isWatching = false;

  constructor(options: FrameInboxOptions) {
    this.#options = options;
  }

  load(deploymentId: string, segments: readonly SegmentSpec[]): void {
    this.#small.set(deploymentId, new Set(segments.flatMap(smallReads)));
    void this.watch();
  }

  /** @param fd of the ring file; this end's own */
  open(deploymentId: string, producerId: string, fd: number): void {
    this.#rings.push({ deploymentId, producerId, reader: new FrameRingReader(fd) });
    void this.watch();
  }

  unload(deploymentId: string): void {
    this.#small.delete(deploymentId);
    this.#close((ring) => ring.deploymentId === deploymentId);
  }

  /** Hands over what has arrived. */
  collect(): void {
    for (const ring of this.#rings) {
      try {
        for (let frame = this.#take(ring); frame !== undefined; frame = this.#take(ring))
          this.#options.onFrame(frame);
      } catch (error) {
        this.#close((other) => other === ring);
        const { deploymentId, producerId } = ring;
        this.#options.onBroken(deploymentId, producerId, AsyncDiffError.from(error, 'protocol_mismatch'));
      }
    }
  }

  /** Looks again and again until nothing that can come this way is waited for any more: a look costs the core that others may need. */
  async watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    const sinceMs = performance.now();
    while (this.#isAwaited()) {
      await pause((performance.now() - sinceMs) * LATE);
      this.collect();
    }
    this.#isWatching = false;
  }

  #isAwaited(): boolean {
    if (this.#rings.length === 0) return false;
    return this.#options.isAwaited((name) =>
      [...this.#small.values()].some((names) => names.has(isLatents(name) ? LATENTS : name)),
    );
  }

  #take({ reader, producerId: peer }: OpenRing): Frame | undefined {
    const takeMs = clockMs();
    const frame = reader.take();
    if (frame === undefined) return undefined;
    const { meta, writtenUs, tensor } = frame;
    // Usable since it was written; that this thread was busy then is not the way's fault.
    const durationMs = (writtenUs - meta.sentUs) / 1000 + clockMs() - takeMs;
    const { name, version: round } = meta;
    const sizeBytes = tensor.data.byteLength;
    const { traffic } = this.#options;
    traffic.received(peer, sizeBytes);
    const startMs = meta.sentUs / 1000;
    traffic.addSpan({ name, category: 'transfer', startMs, durationMs, round, sizeBytes, peer });
    return frame;
  }

  #close(isMeant: (ring: OpenRing) => boolean): void {
    for (const ring of this.#rings.filter(isMeant)) ring.reader.close();
    this.#rings = this.#rings.filter((ring) => !isMeant(ring));
  }
}

/** What a segment reads from elsewhere and a frame can hold. */
function smallReads(spec: SegmentSpec): string[] {
  const { boundaryReads, inputs, outputs, output, sampleInput, microBatches } = spec;
  const isSmall = (name: string): boolean => {
    const value = [...inputs, ...outputs].find((each) => each.name === name);
    return value !== undefined && tensorBytes(value.dtype, value.dims) <= MAX_FRAME_BYTES;
  };
  const small = boundaryReads.filter((name) => isSmall(sessionValueName(name, microBatches)));
  for (const { input, value } of spec.item?.states ?? []) if (isSmall(input)) small.push(value);
  if (isSmall(sampleInput)) small.push(LATENTS);
  // Parts of the noise prediction that other workers make are as large as its own.
  if (isSmall(output)) for (let part = 0; part < microBatches; part++) small.push(noisePartName(part));
  return small;
}

/** Sleeps; messages to this thread come in afterwards, or meanwhile where it is long. */
async function pause(wantedMs: number): Promise<void> {
  const pauseMs = Math.min(Math.max(wantedMs, MIN_PAUSE_MS), MAX_PAUSE_MS);
  if (pauseMs >= 1) {
    await setTimeout(pauseMs);
    return;
  }
  Atomics.wait(cell, 0, 0, pauseMs);
  await setImmediate();
}
