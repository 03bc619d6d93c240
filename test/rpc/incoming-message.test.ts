import { array, assert, constantFrom, integer, property, record, uint8Array } from 'fast-check';
import { expect, it } from 'vitest';
import type { Tensor__Output } from '../../rpc/gen/asyncdiff/v1/Tensor.js';
import { alignInPlace, fromTensorMessages } from '../../rpc/index.js';
import { IncomingMessages } from '../../rpc/server/incoming-message.js';

function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

it('messages come out as they were, however they were cut', () => {
  assert(
    property(
      array(uint8Array({ maxLength: 300 }), { maxLength: 6 }),
      array(integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 }),
      (bodies, cuts) => {
        const sent = bodies.map(framed);
        const all = Buffer.concat(sent);
        const incoming = new IncomingMessages(1_000);
        const came: Buffer[] = [];
        for (let at = 0, cut = 0; at < all.length; cut++) {
          const end = at + (cuts[cut % cuts.length] as number);
          came.push(...incoming.write(all.subarray(at, end)));
          at = end;
        }
        expect(came.map((message) => message.toString('hex'))).toEqual(
          sent.map((message) => message.toString('hex')),
        );
        expect(incoming.isInside).toBe(false);
      },
    ),
  );
});

it('a length that is only said takes no memory; one over the limit is refused as soon as it is said', () => {
  const incoming = new IncomingMessages(64e6);
  const begun = framed(Buffer.alloc(16));
  begun.writeUInt32BE(60e6, 1);
  const before = process.memoryUsage().arrayBuffers;
  expect(incoming.write(begun)).toEqual([]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  const over = framed(Buffer.alloc(0));
  over.writeUInt32BE(65e6, 1);
  expect(() => new IncomingMessages(64e6).write(over)).toThrowError(/65000000 bytes came, at most 64000000/);
});

it('large tensors of a message are read where they lie, beside whatever else is in it', () => {
  const LARGE = 1 << 20;
  assert(
    property(
      array(record({ gap: integer({ min: 0, max: 40 }), bytes: constantFrom(16, LARGE, LARGE + 4) }), {
        minLength: 1,
        maxLength: 3,
      }),
      (fields) => {
        const message = Buffer.allocUnsafeSlow(fields.reduce((sum, { gap, bytes }) => sum + gap + bytes, 0));
        let at = 0;
        const tensors = fields.map(({ gap, bytes }, index): [string, Tensor__Output] => {
          at += gap;
          const data = message.subarray(at, at + bytes);
          for (let byte = 0; byte < bytes; byte += 7) data[byte] = byte + index;
          at += bytes;
          return [`t${index}`, { dtype: 'float32', dims: [bytes / 4], data }];
        });
        const wanted = tensors.map(([, { data }]) => Buffer.from(data));
        const messages = Object.fromEntries(tensors);
        alignInPlace(Object.values(messages));
        const read = Object.values(fromTensorMessages(messages)).map(({ data }) => data);
        for (const [index, { buffer, byteOffset, byteLength }] of read.entries()) {
          expect(byteOffset % 16).toBe(0);
          expect(Buffer.compare(Buffer.from(buffer, byteOffset, byteLength), wanted[index] as Buffer)).toBe(
            0,
          );
        }
        // One with room before it is not copied.
        const roomy = fields.findIndex(({ gap, bytes }) => gap >= 16 && bytes >= LARGE);
        if (roomy >= 0) expect(read[roomy]?.buffer).toBe(message.buffer);
      },
    ),
    { numRuns: 30 },
  );
});
