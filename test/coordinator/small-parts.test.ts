import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffset } from '../../coordinator/workers/clock-offset.js';
import { resolveSettings } from '../../coordinator/jobs/job-settings.js';
import { reachableAddress } from '../../coordinator/workers/reachable-address.js';
import type { PlanSettings__Output } from '../../rpc/gen/asyncdiff/v1/PlanSettings.js';

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
          expect(Math.abs(clock.roundTripMs - shortest)).toBeLessThan(1e-6);
          expect(Math.abs(clock.offsetMs - offsetMs)).toBeLessThanOrEqual(shortest / 2 + 1e-6);
        },
      ),
    );
  });

  it('is 0 before the first pong, and forgets old samples', () => {
    const clock = new ClockOffset();
    expect([clock.offsetMs, clock.roundTripMs]).toEqual([0, 0]);
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

describe('resolveSettings', () => {
  const given = (settings: Partial<PlanSettings__Output>) => settings as PlanSettings__Output;

  it('fills in what was left open', () => {
    expect(resolveSettings(undefined, 50)).toMatchObject({
      stride: 1,
      warmUp: 3,
      timeShift: false,
      relay: false,
      optimizationLevel: 'extended',
      maxWorkers: Number.POSITIVE_INFINITY,
      plan: { components: 0, cuts: [], shape: 'auto', wireDtype: 'float32', lag: 1, microCuts: 0 },
    });
    expect(resolveSettings(undefined, 2).warmUp).toBe(2);
  });

  it.each([
    [{ warmUp: 51 }, /warm_up is 51, it must be 1 to num_inference_steps \(50\)/],
    [{ lag: 3 }, /lag is 3/],
    [{ microCuts: 17 }, /micro_cuts is 17/],
    [{ dataPath: 'pigeon' }, /data_path is "pigeon".*direct, relay/],
    [{ shape: 'round' }, /shape is "round".*u-shaped/],
    [{ wireDtype: 'int4' }, /wire_dtype is "int4"/],
    [{ recompute: 'never' }, /recompute is "never"/],
    [{ optimizationLevel: 'most' }, /optimization_level is "most"/],
  ])('refuses %o', (settings, text) => {
    expect(() => resolveSettings(given(settings), 50)).toThrowError(
      expect.objectContaining({ code: 'invalid_settings', message: expect.stringMatching(text) }),
    );
  });
});
