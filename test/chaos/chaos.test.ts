import { describe, expect, it } from 'vitest';
import { runChaos } from '../../scripts/chaos/run-chaos.js';
import { MISHAPS, MOMENTS, scenarioOf } from '../../scripts/chaos/scenario.js';
import { slopePerHour } from '../../scripts/chaos/slope.js';

it('a soak tells what grows from what goes up and down', () => {
  const series = (value: (hour: number) => number) =>
    Array.from({ length: 60 }, (_, at) => ({ hours: at / 60, value: value(at / 60) }));
  expect(slopePerHour(series((hour) => 100 + 20 * hour))).toBeCloseTo(20);
  expect(Math.abs(slopePerHour(series((hour) => 100 + 10 * Math.sin(hour * 200))))).toBeLessThan(5);
  expect(slopePerHour(series(() => 7))).toBe(0);
  expect(slopePerHour([{ hours: 1, value: 9 }])).toBe(0);
});

describe('chaos', () => {
  it('is the same for the same seed, and holds every mishap and every moment before long', () => {
    const jobs = scenarioOf(5, 300, 3);
    expect(scenarioOf(5, 300, 3)).toEqual(jobs);
    expect(scenarioOf(6, 300, 3)).not.toEqual(jobs);
    const mishaps = jobs.flatMap(({ mishaps }) => mishaps);
    expect(new Set(mishaps.map(({ kind }) => kind))).toEqual(new Set(Object.keys(MISHAPS)));
    expect(new Set(mishaps.map(({ moment }) => moment))).toEqual(new Set(Object.keys(MOMENTS)));
  });

  it('loses no job, does none twice, hangs in none, and every picture is the one that its plan gives', async () => {
    const verdict = await runChaos({ seed: 11, jobs: 20, maxSeconds: 14 });
    const { lost, twice, hung, wrong, unexplained, growth, log } = verdict;
    expect({ lost, twice, hung, wrong, unexplained, growth }, log.join('\n')).toEqual({
      lost: [],
      twice: [],
      hung: [],
      wrong: [],
      unexplained: [],
      growth: [],
    });
    expect(verdict.ends['done']).toBeGreaterThan(0);
  }, 180_000);
});
