import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { planSubject } from '../coordinator/pipeline/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { namesProgram, type PlanOptions, resolvePlanSettings } from '../common/settings/index.js';
import {
  CALIBRATION_FILE,
  calibrationDocument,
  type QualityPoint,
  readCalibration,
} from '../planner/index.js';
import { writeWhole } from '../common/write-whole.js';
import { calibrationPoints, type QualityRow } from './quality-bench/index.js';

interface CalibratedBench {
  readonly plan: PlanOptions;
  readonly guidanceScale: number | undefined;
  readonly scheduler: string | undefined;
}

/** A bench that says nothing of usual jobs calibrates nothing. Throws `usage`. */
export function checkCalibrated({ plan, guidanceScale, scheduler }: CalibratedBench): number {
  const refuse = (why: string, hint: string): AsyncDiffError =>
    new AsyncDiffError('usage', `--calibrate: ${why}`, { hint });
  if (guidanceScale === undefined)
    throw refuse('errors go with guidance, and none is named', 'Add --guidance-scale.');
  if (scheduler !== undefined)
    throw refuse("the planner takes the model's own sampler", 'Leave --scheduler out.');
  if (namesProgram(plan) || plan.tolerance !== undefined || plan.maxSpeedLoss !== undefined)
    throw refuse('the planner takes the usual steps in order', 'Leave settings to --configs.');
  return guidanceScale;
}

/** Keeps what a bench measured in the model's folder, with what was measured of other jobs; the file. @throws AsyncDiffError `usage` where the folder is not here */
export async function keepCalibration(
  modelDir: string,
  rows: readonly QualityRow[],
  job: { readonly numInferenceSteps: number; readonly guidanceScale: number },
): Promise<string> {
  const isHere = await access(modelDir).then(
    () => true,
    () => false,
  );
  if (modelDir === '' || !isHere)
    throw new AsyncDiffError(
      'usage',
      `--calibrate: the model's folder "${modelDir}" is not on this machine`,
      {
        hint: 'Run it on the machine of the coordinator.',
      },
    );
  const subject = planSubject(modelDir, { ...job, settings: resolvePlanSettings() });
  return keepPoints(modelDir, calibrationPoints(rows, subject));
}

/** Writes points to the calibration file of a model's folder, with what it has of other jobs and configurations; the file. */
export async function keepPoints(modelDir: string, points: readonly QualityPoint[]): Promise<string> {
  const path = join(modelDir, CALIBRATION_FILE);
  // A predictor lies a folder below.
  const known = await readCalibration(join(modelDir, 'predictor', 'model.onnx'));
  const kept = known.filter((one) => !points.some((point) => isOfSame(one, point)));
  await writeWhole(path, `${JSON.stringify(calibrationDocument([...kept, ...points]), undefined, 2)}\n`);
  return path;
}

function isOfSame(one: QualityPoint, other: QualityPoint): boolean {
  return (
    one.family === other.family &&
    one.steps === other.steps &&
    one.guidanceScale === other.guidanceScale &&
    one.reach === other.reach &&
    one.stride === other.stride &&
    one.stepParallel === other.stepParallel
  );
}
