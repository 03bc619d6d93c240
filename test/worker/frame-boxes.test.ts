import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor, TensorMeta } from '../../common/tensor/index.js';
import type { SegmentSpec } from '../../execution/index.js';
import {
  type Frame,
  MAX_FRAME_BYTES,
  RingReader,
  RingWriter,
} from '../../worker/exchange/shared-memory/index.js';
import { BLANK } from '../support/fake-segments.js';
import { FrameInbox } from '../../worker/inference/frame-inbox.js';
import { FrameOutbox } from '../../worker/inference/frame-outbox.js';
import { Traffic } from '../../worker/inference/index.js';

const tensor: Tensor = { dtype: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) };
const meta = (version: number, name = 'h'): TensorMeta => ({
  jobId: 'job',
  attempt: 0,
  name,
  version,
  sentUs: 0,
});

/** A segment that reads a tensor of so many elements. */
const reads = (name: string, elements: number): SegmentSpec => ({
  ...BLANK,
  id: 'c1s0',
  component: 1,
  inputs: [{ name, dtype: 'float32', dims: [elements] }],
  outputs: [],
  boundaryReads: [name],
});

describe.skipIf(!existsSync('/dev/shm'))('frames between inference threads', () => {
  let files: (RingReader | RingWriter)[] = [];
  let sent: Traffic;
  let received: Traffic;
  let outbox: FrameOutbox;
  let inbox: FrameInbox;
  let frames: Frame[];
  let broken: AsyncDiffError[];
  let awaited: number;

  beforeEach(() => {
    [sent, received] = [new Traffic(), new Traffic()];
    for (const traffic of [sent, received]) traffic.begin(true);
    outbox = new FrameOutbox(sent);
    outbox.load('plan', { h: ['a', 'b'], only: ['b'] });
    [frames, broken, awaited] = [[], [], 0];
    inbox = new FrameInbox({
      traffic: received,
      onFrame: (frame) => frames.push(frame),
      onBroken: (_deploymentId, _producerId, error) => broken.push(error),
      isAwaited: (isMeant) => frames.length < awaited && isMeant('h'),
    });
    inbox.load('plan', [reads('h', 4)]);
  });
  afterEach(() => {
    outbox.unload('plan');
    inbox.unload('plan');
    for (const each of files) each.close();
    files = [];
  });

  /** Connects consumer `a` with the inbox; as the network threads do. */
  function connect(): void {
    const reader = RingReader.create() as RingReader;
    const writer = RingWriter.open(reader.offer) as RingWriter;
    files.push(reader, writer);
    inbox.open('plan', 'p', reader.reopen() as number);
    outbox.setRing('plan', 'a', writer.reopen());
  }

  it('go to whom they can; the others are left to the network', () => {
    expect(outbox.send('plan', meta(1), tensor)).toEqual(['a', 'b']);
    connect();
    expect(outbox.send('plan', meta(2), tensor)).toEqual(['b']);
    expect(outbox.send('plan', meta(2, 'only'), tensor)).toEqual(['b']);
    expect(outbox.send('plan', meta(2, 'nobody reads it'), tensor)).toEqual([]);
    inbox.collect();
    expect(frames.map((frame) => frame.meta)).toEqual([meta(2)]);
    expect(frames[0]?.tensor).toEqual(tensor);
    outbox.setRing('plan', 'a', undefined);
    expect(outbox.send('plan', meta(3), tensor)).toEqual(['a', 'b']);
  });

  it('are not written where nobody reads them in that round', () => {
    connect();
    outbox.skip(new Map([['a', [{ name: 'h', version: 5 }]]]));
    outbox.skip(new Map([['b', [{ name: 'h', version: 6 }]]]));
    expect(outbox.send('plan', meta(5), tensor)).toEqual(['b']);
    expect(outbox.send('plan', meta(6), tensor)).toEqual([]);
    outbox.begin();
    expect(outbox.send('plan', meta(5), tensor)).toEqual(['b']);
    inbox.collect();
    expect(frames.map(({ meta: { version } }) => version)).toEqual([6, 5]);
  });

  it('leave a worker only if somebody reads them', () => {
    expect(['h', 'only', 'x'].map((name) => outbox.leaves('plan', name))).toEqual([true, true, false]);
    outbox.unload('plan');
    expect(outbox.leaves('plan', 'h')).toBe(false);
  });

  it('are looked for as long as they are awaited', async () => {
    connect();
    awaited = 3;
    const watching = inbox.watch();
    // A second one has nothing to do.
    await inbox.watch();
    for (let version = 0; version < 3; version++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      outbox.send('plan', meta(version), tensor);
    }
    await watching;
    expect(frames.map(({ meta: { version } }) => version)).toEqual([0, 1, 2]);
  });

  it('are not looked for where what is awaited is too large for one', async () => {
    connect();
    inbox.load('plan', [reads('h', MAX_FRAME_BYTES)]);
    awaited = 1;
    outbox.send('plan', meta(1), tensor);
    await inbox.watch();
    expect(frames).toEqual([]);
    // What came all the same is found at the next look.
    inbox.collect();
    expect(frames).toHaveLength(1);
  });

  it('are counted by peer, with spans of a traced job', () => {
    connect();
    outbox.send('plan', meta(1), tensor);
    outbox.send('plan', meta(2), tensor);
    inbox.collect();
    expect(sent.report()).toMatchObject({ sentBytes: { a: 32 }, receivedBytes: {} });
    expect(sent.report().spans).toMatchObject([
      { category: 'serialize', name: 'h', round: 1, sizeBytes: 16, peer: 'a' },
      { category: 'serialize', name: 'h', round: 2, sizeBytes: 16, peer: 'a' },
    ]);
    expect(received.report()).toMatchObject({ sentBytes: {}, receivedBytes: { p: 32 } });
    expect(received.report().spans).toMatchObject([
      { category: 'transfer', startMs: 0, round: 1, peer: 'p' },
      {},
    ]);
    sent.begin(false);
    outbox.send('plan', meta(3), tensor);
    expect(sent.report()).toEqual({ sentBytes: { a: 16 }, receivedBytes: {}, spans: [] });
  });

  it('end with a ring that makes no sense, which is told', async () => {
    connect();
    outbox.send('plan', { ...meta(1), name: 'h' }, { ...tensor, dtype: 'complex' as 'float32' });
    inbox.collect();
    expect(frames).toEqual([]);
    expect(broken).toMatchObject([{ code: 'protocol_mismatch' }]);
    awaited = 1;
    await inbox.watch();
    expect(broken).toHaveLength(1);
  });
});
