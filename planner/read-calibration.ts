import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { entriesOf } from '../common/settings/index.js';
import type { Calibration, QualityPoint } from './choice/index.js';

/** File in a model's folder: what `bench --quality --calibrate` measured of it. */
export const CALIBRATION_FILE = 'asyncdiff-quality.json';
const CALIBRATION_SCHEMA = 'asyncdiff.quality/1';

/** The keys of the document, and what of a point they are. */
const KEYS = {
  family: 'family',
  steps: 'steps',
  guidanceScale: 'guidance_scale',
  reach: 'reach',
  stride: 'stride',
  stepParallel: 'step_parallel',
  error: 'error',
} as const satisfies Record<keyof QualityPoint, string>;
const FAMILIES: ReadonlySet<unknown> = new Set<QualityPoint['family']>(['ode', 'flow', 'stochastic']);

export function calibrationDocument(points: Calibration) {
  return {
    schema: CALIBRATION_SCHEMA,
    points: points.map((point) =>
      Object.fromEntries(entriesOf(KEYS).map(([name, key]) => [key, point[name]])),
    ),
  };
}

/** Where a predictor's measurements may lie: beside it, or in the folder of its pipeline. */
export function calibrationPaths(modelPath: string): string[] {
  const folder = dirname(modelPath);
  return [join(folder, CALIBRATION_FILE), join(dirname(folder), CALIBRATION_FILE)];
}

/** What was measured of a predictor; nothing where there is no file, or where it is not one that this version wrote. */
export async function readCalibration(modelPath: string): Promise<Calibration> {
  for (const path of calibrationPaths(modelPath)) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return parseCalibration(text);
  }
  return [];
}

function parseCalibration(text: string): Calibration {
  try {
    const document = JSON.parse(text) as { schema?: unknown; points?: unknown };
    if (document.schema !== CALIBRATION_SCHEMA || !Array.isArray(document.points)) return [];
    return document.points.flatMap((point: Record<string, unknown>) => readPoint(point) ?? []);
  } catch {
    return [];
  }
}

function readPoint(point: Record<string, unknown>): QualityPoint | undefined {
  const number = (key: string): number | undefined => {
    const value = point[key];
    return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const { family, step_parallel: stepParallel } = point;
  const [steps, guidanceScale, reach, stride, error] = [
    number(KEYS.steps),
    number(KEYS.guidanceScale),
    number(KEYS.reach),
    number(KEYS.stride),
    number(KEYS.error),
  ];
  if (steps === undefined || guidanceScale === undefined || reach === undefined) return undefined;
  if (stride === undefined || error === undefined) return undefined;
  if (!FAMILIES.has(family) || typeof stepParallel !== 'boolean') return undefined;
  const known = family as QualityPoint['family'];
  return { family: known, steps, guidanceScale, reach, stride, stepParallel, error };
}
