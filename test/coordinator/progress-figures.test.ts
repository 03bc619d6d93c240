import { expect, it } from 'vitest';
import { oneWorkerStepMs, ProgressFigures } from '../../coordinator/jobs/progress-figures.js';

const SCHEDULE = {
  numInferenceSteps: 10,
  stride: 1,
  warmUp: 2,
  end: 1,
  timeShift: false,
  lookAhead: { replicas: false },
};
const TIMES = { schedule: SCHEDULE, stepMs: 100, periodMs: 50 };

it('tells speed, speed-up and time left, first by prediction, then as measured', () => {
  const figures = new ProgressFigures();
  figures.begin(TIMES, 1000);
  // Two steps in order, 120 ms each; seven rounds and the end are left.
  expect(figures.at(2, 1240, [], [])).toEqual({
    stepsPerSecond: 2 / 0.24,
    speedup: 200 / 240,
    secondsLeft: (7 * 50 + 120) / 1000,
    driftSum: 0,
  });
  // Four rounds of 60 ms.
  const { secondsLeft, speedup } = figures.at(6, 1480, [], []);
  expect(secondsLeft).toBeCloseTo((3 * 60 + 120) / 1000, 9);
  expect(speedup).toBeCloseTo(600 / 480, 9);
  expect(figures.at(10, 1800, [], []).secondsLeft).toBe(0);
});

it('leaves out the time between two attempts, and rounds of another plan', () => {
  const figures = new ProgressFigures();
  figures.begin(TIMES, 0);
  figures.at(4, 400, [], []);
  figures.begin({ ...TIMES, periodMs: 80, schedule: { ...SCHEDULE, warmUp: 1, firstStep: 4 } }, 5000);
  expect(figures.at(5, 5100, [], [])).toMatchObject({
    stepsPerSecond: 10,
    speedup: 1,
    secondsLeft: (4 * 80 + 100) / 1000,
  });
});

it('sums the drift of the steps so far that did not run in order', () => {
  const figures = new ProgressFigures();
  figures.begin(TIMES, 0);
  const drifts = [undefined, 0.5, 0.1, 0.2, 0.3];
  expect(figures.at(5, 100, [4], drifts).driftSum).toBeCloseTo(0.01 + 0.04, 9);
  expect(figures.at(6, 110, [], undefined).driftSum).toBeUndefined();
  // What ran in order before a loss is still known to have.
  figures.begin({ ...TIMES, schedule: { ...SCHEDULE, warmUp: 1, firstStep: 6 } }, 200);
  expect(figures.at(7, 300, [4], drifts).driftSum).toBeCloseTo(0.01 + 0.04, 9);
});

it('takes every segment once for the time of one worker, wherever it is', () => {
  const deployment = {
    plan: {
      placement: [['a'], ['b', 'c']],
      specs: [
        { id: 'c1s0', component: 1 },
        { id: 'c2s0', component: 2 },
      ],
    },
    segmentMs: new Map([
      ['a/c1s0', 10],
      ['b/c2s0', 20],
      ['c/c2s0', 400],
    ]),
  } as unknown as Parameters<typeof oneWorkerStepMs>[0];
  expect(oneWorkerStepMs(deployment)).toBe(30);
});
