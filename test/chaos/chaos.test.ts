import { describe, expect, it } from 'vitest';
import { runChaos } from '../../scripts/chaos/run-chaos.js';
import { MISHAPS, MOMENTS, scenarioOf } from '../../scripts/chaos/scenario.js';

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
