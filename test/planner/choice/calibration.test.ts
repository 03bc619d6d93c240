import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepCalibration } from '../../../cli/keep-calibration.js';
import type { QualityRow } from '../../../cli/quality-bench/index.js';
import {
  CALIBRATION_FILE,
  predictedError,
  type QualityPoint,
  readCalibration,
} from '../../../planner/index.js';
import { tempFolder } from '../../support/temp-folder.js';

const SUBJECT = { family: 'ode', worthwhile: true, steps: 50, guidanceScale: 7.5 } as const;
const SCHEDULE = { reach: 1, stride: 1, lookAhead: true, stepParallel: false, end: 2, usualEnd: 2 } as const;
const POINT: QualityPoint = {
  family: 'ode',
  steps: 50,
  guidanceScale: 7.5,
  reach: 1,
  stride: 1,
  stepParallel: false,
  error: 1.2e-8,
};

it('a job like a measured one has nearly the measured error, one unlike it that of any model', () => {
  const general = predictedError(SUBJECT, SCHEDULE);
  expect(general / POINT.error).toBeGreaterThan(50);
  const measured = predictedError(SUBJECT, SCHEDULE, [POINT]);
  expect(measured / POINT.error).toBeGreaterThan(1);
  expect(measured / POINT.error).toBeLessThan(1.5);
  const near = predictedError({ ...SUBJECT, steps: 40 }, SCHEDULE, [POINT]);
  expect(near / predictedError({ ...SUBJECT, steps: 40 }, SCHEDULE)).toBeLessThan(0.05);
  const far = { ...SUBJECT, steps: 8, guidanceScale: 2 };
  expect(predictedError(far, SCHEDULE, [POINT]) / predictedError(far, SCHEDULE)).toBeGreaterThan(0.25);
  for (const other of [
    { ...SUBJECT, family: 'flow' as const },
    { ...SUBJECT, worthwhile: false },
  ])
    expect(predictedError(other, SCHEDULE, [POINT])).toBe(predictedError(other, SCHEDULE));
  const plain = { ...SCHEDULE, lookAhead: false };
  expect(predictedError(SUBJECT, plain, [POINT])).toBe(predictedError(SUBJECT, plain));
});

it('lies between the error of any model and the furthest measurement', () => {
  const points = fc.array(
    fc.record({
      family: fc.constant('ode' as const),
      steps: fc.integer({ min: 6, max: 200 }),
      guidanceScale: fc.double({ min: 1, max: 15, noNaN: true }),
      reach: fc.integer({ min: 1, max: 8 }),
      stride: fc.integer({ min: 1, max: 3 }),
      stepParallel: fc.constant(false),
      error: fc.double({ min: 1e-12, max: 1, noNaN: true }),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(points, (calibration) => {
      const ratios = calibration.map(
        (point) =>
          point.error /
          predictedError(
            { ...point, worthwhile: true },
            { ...SCHEDULE, reach: point.reach, stride: point.stride },
          ),
      );
      const factor = predictedError(SUBJECT, SCHEDULE, calibration) / predictedError(SUBJECT, SCHEDULE);
      expect(factor).toBeGreaterThan(0.999 * Math.min(1, ...ratios));
      expect(factor).toBeLessThan(1.001 * Math.max(1, ...ratios));
    }),
  );
});

it('what a bench measured is kept beside the model, by job, and read by the planner; another file counts as none', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'unet'));
  const model = join(folder, 'unet', 'model.onnx');
  const row = (settings: object, error: number, method = 'look-ahead'): QualityRow =>
    ({ ...settings, method, relative_latent_mse: { mean: error } }) as unknown as QualityRow;
  const job = { numInferenceSteps: 50, guidanceScale: 2 };
  const first = [
    row({ components: 2, stride: 1, lag: 1, shape: 'sequential', step_parallel: 1 }, 1e-8),
    row({ components: 2, stride: 1, lag: 1, shape: 'sequential', step_parallel: 1 }, 1e-4, 'asyncdiff'),
    row({ components: 2, stride: 2, lag: 2, shape: 'u-shaped', step_parallel: 1 }, 1e-5),
    row({ components: 1, stride: 3, lag: 1, shape: 'sequential', step_parallel: 3 }, 1e-7),
    row({ components: 1, stride: 1, lag: 1, shape: 'sequential', step_parallel: 1 }, 0),
  ];
  await keepCalibration(folder, first, job);
  await keepCalibration(folder, first.slice(0, 1), { ...job, guidanceScale: 4.5 });
  await keepCalibration(folder, [{ ...first[0]!, relative_latent_mse: { mean: 2e-8 } } as never], job);
  const points = await readCalibration(model);
  expect(
    points.map(({ guidanceScale, reach, stride, stepParallel, error }) => [
      guidanceScale,
      reach,
      stride,
      stepParallel,
      error,
    ]),
  ).toEqual([
    [2, 7, 2, false, 1e-5],
    [2, 2, 3, true, 1e-7],
    [4.5, 1, 1, false, 1e-8],
    [2, 1, 1, false, 2e-8],
  ]);
  for (const text of ['{', '{"points":[]}', '{"schema":"asyncdiff.quality/1","points":[{"steps":-1}]}']) {
    writeFileSync(join(folder, CALIBRATION_FILE), text);
    expect(await readCalibration(model)).toEqual([]);
  }
});
