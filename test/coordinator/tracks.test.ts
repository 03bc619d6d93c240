import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { layOnTracks } from '../../coordinator/jobs/tracks.js';
import { checkJobMove, JOB_MOVES, type JobState } from '../../coordinator/jobs/job-state.js';

it('no two intervals of a track overlap, and there are no more tracks than intervals at a time', () => {
  const interval = fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
    .map(([startMs, length]) => ({ startMs, endMs: startMs + length }));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 40 }), (intervals) => {
      const tracks = layOnTracks(intervals);
      expect(tracks).toHaveLength(intervals.length);
      for (const [a, one] of intervals.entries()) {
        for (const [b, other] of intervals.entries()) {
          if (a === b || tracks[a] !== tracks[b]) continue;
          expect(one.endMs <= other.startMs || other.endMs <= one.startMs).toBe(true);
        }
      }
      const busiest = Math.max(
        0,
        ...intervals.map(
          ({ startMs }) =>
            intervals.filter((each) => each.startMs <= startMs && startMs <= each.endMs).length,
        ),
      );
      expect(Math.max(0, ...tracks.map((track) => track + 1))).toBeLessThanOrEqual(busiest);
    }),
  );
});

it('a job goes on only, and what is over stays so', () => {
  const states = Object.keys(JOB_MOVES) as JobState[];
  for (const from of states) {
    for (const to of states) {
      const isLegal = JOB_MOVES[from].includes(to);
      const move = (): void => checkJobMove(from, to);
      if (isLegal) expect(move).not.toThrow();
      else expect(move).toThrow(`a job that is ${from} cannot be ${to}`);
    }
  }
});
