import { describe, expect, test } from 'vitest';
import { dueAt, DueTimes, LATENTS } from '../../../program/index.js';
import { partitionGraph } from '../../../planner/search/index.js';
import { chainGraph } from '../../support/random-graph.js';

/** Components of 1, 2 and 3 ms, one worker each; two hold component 3. */
const chain = partitionGraph(chainGraph([1, 2, 3]), { components: 3, shape: 'sequential', lag: 1 });
const placement = [['a'], ['b'], ['c', 'd']];
const [first, second] = chain.boundaryTensors.map(({ name }) => name) as [string, string];

describe('DueTimes', () => {
  const dues = new DueTimes(chain, placement);
  const order = (name: string, worker: string, version: number) =>
    dueAt(dues, dues.of(name, worker), version);

  test('a round is as long as the slowest component, a step as all of them', () => {
    expect(dues).toMatchObject({ roundMs: 3, stepMs: 6 });
  });

  test('in a synchronous round what the next component reads comes before what a later one does', () => {
    expect(order(first, 'b', -1)).toBeLessThan(order(second, 'c', -1));
    expect(order(second, 'c', -1)).toBeLessThan(order(first, 'b', 0));
  });

  test('a second replica of component N waits for the last warm-up step only to begin round 1', () => {
    expect(order(second, 'c', 0)).toBeLessThan(order(second, 'd', 0));
    expect(order(second, 'd', 0)).toBeLessThan(order(first, 'b', 1));
  });

  test('the latents go before everything', () => {
    expect(order(LATENTS, 'a', 7)).toBe(Number.NEGATIVE_INFINITY);
  });

  test('a session that runs later in its component is waited for later; lag 2 is a round more', () => {
    const graph = chainGraph([1, 2, 3]);
    const onTwo = [['a'], ['b']];
    const duesOf = (lag: 1 | 2) =>
      new DueTimes(partitionGraph(graph, { components: 2, shape: 'u-shaped', lag }), onTwo);
    const [plain, lagged] = [duesOf(1), duesOf(2)];
    // The tail of component 2 follows its head.
    expect(plain.of(second, 'b').asyncMs).toBeGreaterThan(0);
    const later = [
      lagged.of(first, 'a').asyncMs - plain.of(first, 'a').asyncMs,
      lagged.of(second, 'b').asyncMs - plain.of(second, 'b').asyncMs,
    ];
    expect(later.toSorted((a, b) => a - b)).toEqual([0, plain.roundMs]);
  });
});
