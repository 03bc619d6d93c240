import { describe, expect, test } from 'vitest';
import { partitionGraph } from '../../../planner/search/index.js';
import { idealSpeedup, roundShare } from '../../../planner/simulator/index.js';
import { chainGraph } from '../../support/random-graph.js';

describe('idealSpeedup', () => {
  test('is T / (w + rounds * max share)', () => {
    const ideal = (numInferenceSteps: number, warmUp: number, stride: number, maxShare: number) =>
      idealSpeedup({ numInferenceSteps, warmUp, stride, maxShare });
    expect(ideal(50, 1, 1, 0.5)).toBeCloseTo(1.96, 2);
    expect(ideal(50, 3, 1, 0.5)).toBeCloseTo(50 / 26.5);
    expect(ideal(50, 3, 2, 1 / 3)).toBeCloseTo(50 / (3 + 24 / 3));
    expect(ideal(50, 50, 1, 0.5)).toBe(1);
    expect(ideal(4, 9, 1, 0.5)).toBe(1);
  });

  test('takes the busiest worker of a round', () => {
    const partition = partitionGraph(chainGraph([2, 1, 1]), { components: 2, shape: 'sequential' });
    const placement = (...placement: string[][]) => ({ placement });
    expect(roundShare(partition, placement(['a'], ['b']), 1)).toBe(0.5);
    expect(roundShare(partition, placement(['a'], ['b']), 2)).toBe(1);
    expect(roundShare(partition, placement(['a'], ['b', 'c']), 2)).toBe(0.5);
    expect(roundShare(partition, placement(['a'], ['a']), 1)).toBe(1);
    const workers = [
      { id: 'a', speed: 2, hostId: 'a' },
      { id: 'b', speed: 1, hostId: 'b' },
    ];
    expect(roundShare(partition, { ...placement(['a'], ['b']), workers }, 1)).toBe(1);
  });
});
