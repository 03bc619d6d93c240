import { existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RingOffer, RingReader, RingWriter } from '../../../worker/exchange/shared-memory/index.js';

const MIB = 2 ** 20;
const FOLDER = '/dev/shm';

function pair(): { reader: RingReader; writer: RingWriter } {
  const reader = RingReader.create() as RingReader;
  const writer = RingWriter.open(reader.offer) as RingWriter;
  reader.unlink();
  return { reader, writer };
}

/** Bytes that tell which extent they belong to. */
const bytes = (seed: number, size: number) => Buffer.alloc(size, `extent ${seed}/${size};`);

describe.skipIf(!existsSync(FOLDER))('a ring in shared memory', () => {
  test('gives back what was written, in order, however writes and reads alternate and sizes vary', () => {
    const { reader, writer } = pair();
    const size = fc.oneof(fc.integer({ min: 1, max: 9 * MIB }), fc.integer({ min: 1, max: 5000 }));
    const act = fc.oneof({ arbitrary: size, weight: 3 }, { arbitrary: fc.constant(0), weight: 2 });
    let seed = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
        const underWay: { offsetBytes: number; data: Buffer }[] = [];
        const readOne = (): void => {
          const next = underWay.shift();
          if (next !== undefined)
            expect(reader.read(next.offsetBytes, next.data.byteLength).equals(next.data)).toBe(true);
        };
        for (const sizeBytes of acts) {
          if (sizeBytes === 0) readOne();
          else {
            const offsetBytes = writer.reserve(sizeBytes);
            if (offsetBytes === undefined) {
              // It may be full, never for nothing.
              const held = underWay.reduce((sum, { data }) => sum + data.byteLength, 0);
              expect(held + sizeBytes).toBeGreaterThan(16 * MIB);
              continue;
            }
            const data = bytes(seed++, sizeBytes);
            writer.write(offsetBytes, data);
            underWay.push({ offsetBytes, data });
          }
        }
        while (underWay.length > 0) readOne();
      }),
      { numRuns: 60 },
    );
    reader.close();
    writer.close();
  });

  test('an empty ring is used from its beginning: small tensors stay in the same pages', () => {
    const { reader, writer } = pair();
    for (let at = 0; at < 5; at++) {
      expect(writer.reserve(1000)).toBe(0);
      writer.write(0, bytes(at, 1000));
      reader.read(0, 1000);
    }
    expect(writer.reserve(33 * MIB)).toBeUndefined();
    reader.close();
    writer.close();
  });

  test('leaves no file behind, whoever closes first', () => {
    const before = readdirSync(FOLDER);
    const { reader, writer } = pair();
    writer.close();
    reader.close();
    RingReader.create()?.close();
    expect(readdirSync(FOLDER)).toEqual(before);
  });

  test('a writer opens nothing but what was offered', () => {
    const reader = RingReader.create() as RingReader;
    const { name, key } = reader.offer;
    const other = `asyncdiff-${'0'.repeat(32)}`;
    const refused: RingOffer[] = [
      { name, key: Buffer.alloc(16) },
      { name, key: Buffer.alloc(3) },
      { name: `../..${FOLDER}/${name}`, key },
      { name: 'passwd', key },
      { name: `asyncdiff-${'f'.repeat(32)}`, key },
    ];
    for (const offer of refused) expect(RingWriter.open(offer)).toBeUndefined();
    for (const make of [
      (path: string) => symlinkSync(`${FOLDER}/${name}`, path),
      (path: string) => writeFileSync(path, key),
    ]) {
      make(`${FOLDER}/${other}`);
      expect(RingWriter.open({ name: other, key })).toBeUndefined();
      rmSync(`${FOLDER}/${other}`);
    }
    reader.close();
  });

  test('a place that the ring does not have is a broken protocol', () => {
    const { reader, writer } = pair();
    for (const [offset, size] of [
      [32 * MIB, 1],
      [0, 33 * MIB],
    ] as const)
      expect(() => reader.read(offset, size)).toThrow(expect.objectContaining({ code: 'protocol_mismatch' }));
    reader.close();
    writer.close();
  });
});
