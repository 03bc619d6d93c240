import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffset } from '../../coordinator/workers/clock-offset.js';
import { reachableAddress } from '../../coordinator/workers/reachable-address.js';

describe('ClockOffset', () => {
  it('finds an offset to within half of the shortest round trip', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.array(
          fc.tuple(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 50, noNaN: true })),
          {
            minLength: 1,
            maxLength: 16,
          },
        ),
        (offsetMs, delays) => {
          const clock = new ClockOffset();
          let nowMs = 1000;
          for (const [there, back] of delays) {
            clock.add(nowMs, nowMs + there + offsetMs, nowMs + there + back);
            nowMs += 2000;
          }
          const shortest = Math.min(...delays.map(([there, back]) => there + back));
          expect(Math.abs((clock.roundTripMs as number) - shortest)).toBeLessThan(1e-6);
          expect(Math.abs(clock.offsetMs - offsetMs)).toBeLessThanOrEqual(shortest / 2 + 1e-6);
        },
      ),
    );
  });

  it('is 0 before the first pong, and forgets old samples', () => {
    const clock = new ClockOffset();
    expect([clock.offsetMs, clock.roundTripMs]).toEqual([0, undefined]);
    clock.add(0, 100, 0);
    for (let ping = 0; ping < 16; ping++) clock.add(1000, 1201, 1002);
    expect([clock.offsetMs, clock.roundTripMs]).toEqual([200, 2]);
  });
});

describe('reachableAddress', () => {
  it.each([
    ['10.0.0.2:7000', '10.0.0.9:41000', '10.0.0.2:7000'],
    ['0.0.0.0:7000', '10.0.0.9:41000', '10.0.0.9:7000'],
    ['0.0.0.0:7000', '::ffff:10.0.0.9:41000', '0.0.0.0:7000'],
    ['0.0.0.0:7000', '[::ffff:10.0.0.9]:41000', '10.0.0.9:7000'],
    ['[::]:7000', '[fe80::1]:41000', '[fe80::1]:7000'],
    ['0.0.0.0:7000', 'unknown', '0.0.0.0:7000'],
    ['', '10.0.0.9:41000', ''],
  ])('%s seen at %s is %s', (told, peer, reached) => {
    expect(reachableAddress(told, peer)).toBe(reached);
  });
});
