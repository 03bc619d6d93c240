import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CycleEdge, maxCycleMean } from '../../common/max-plus/index.js';

const edge = (from: number, to: number, weight: number, length: number): CycleEdge => ({
  from,
  to,
  weight,
  length,
});

/** All simple cycles, by depth-first search. */
function bruteForce(edges: readonly CycleEdge[]): number | undefined {
  let best: number | undefined;
  const walk = (start: number, at: number, seen: ReadonlySet<number>, weight: number, length: number) => {
    for (const next of edges) {
      if (next.from !== at || next.to < start) continue;
      const [sum, rounds] = [weight + next.weight, length + next.length];
      if (next.to === start) best = Math.max(best ?? Number.NEGATIVE_INFINITY, sum / rounds);
      else if (!seen.has(next.to)) walk(start, next.to, new Set([...seen, next.to]), sum, rounds);
    }
  };
  for (let start = 0; start < 8; start++) walk(start, start, new Set([start]), 0, 0);
  return best;
}

describe('maxCycleMean', () => {
  test('is the mean of the only cycle', () => {
    const found = maxCycleMean(2, [edge(0, 1, 3, 0), edge(1, 0, 2, 2)]);
    expect(found?.mean).toBe(2.5);
    expect(found?.edges).toHaveLength(2);
  });

  test('is undefined without a cycle', () => {
    expect(maxCycleMean(3, [edge(0, 1, 3, 1), edge(1, 2, 3, 1)])).toBeUndefined();
  });

  test('refuses a cycle of length 0, which no schedule meets', () => {
    expect(() => maxCycleMean(2, [edge(0, 1, 1, 0), edge(1, 0, 1, 0)])).toThrow(RangeError);
  });

  test('equals brute force over all simple cycles', () => {
    const edges = fc.array(
      fc.record({
        from: fc.nat(5),
        to: fc.nat(5),
        weight: fc.integer({ min: -20, max: 40 }).map((tenths) => tenths / 10),
        length: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 14 },
    );
    fc.assert(
      fc.property(edges, (edges) => {
        const expected = bruteForce(edges);
        const found = maxCycleMean(6, edges);
        expect(found === undefined).toBe(expected === undefined);
        if (expected === undefined) return;
        expect(found!.mean).toBeCloseTo(expected, 9);
        // What it returns is a cycle of that mean.
        const weight = found!.edges.reduce((sum, one) => sum + one.weight, 0);
        const length = found!.edges.reduce((sum, one) => sum + one.length, 0);
        expect(weight / length).toBeCloseTo(expected, 9);
        for (const [at, one] of found!.edges.entries()) {
          expect(one.from).toBe(found!.edges.at(at - 1)!.to);
        }
      }),
      { numRuns: 300 },
    );
  });
});
