import { AsyncDiffError } from '../../common/errors/index.js';
import type { PlanRequest } from '../../planner/index.js';
import { DEFAULT_WARM_UP } from '../../program/index.js';
import type { PlanSettings__Output } from '../../rpc/gen/asyncdiff/v1/PlanSettings.js';

const OPTIMIZATION_LEVELS = ['basic', 'extended', 'all'] as const;

/** A job's settings with nothing left open but what the planner chooses. */
export interface JobSettings {
  readonly plan: PlanRequest['settings'];
  readonly stride: number;
  readonly warmUp: number;
  readonly timeShift: boolean;
  readonly relay: boolean;
  readonly optimizationLevel: PlanRequest['optimizationLevel'];
  readonly maxWorkers: number;
}

/** Checks what a client asked for and fills in the rest. Throws `invalid_settings` naming the setting and its bounds. */
export function resolveSettings(
  given: PlanSettings__Output | null | undefined,
  numInferenceSteps: number,
): JobSettings {
  const stride = given?.stride || 1;
  const warmUp = given?.warmUp || Math.min(DEFAULT_WARM_UP, numInferenceSteps);
  if (warmUp > numInferenceSteps) {
    throw new AsyncDiffError(
      'invalid_settings',
      `warm_up is ${warmUp}, it must be 1 to num_inference_steps (${numInferenceSteps})`,
    );
  }
  const lag = given?.lag ?? 1;
  if (lag !== 0 && lag !== 1 && lag !== 2)
    throw new AsyncDiffError('invalid_settings', `lag is ${lag}, it must be 1 or 2 (0: the faster)`);
  const microCuts = given?.microCuts ?? 0;
  if (microCuts > 16)
    throw new AsyncDiffError(
      'invalid_settings',
      `micro_cuts is ${microCuts}, it must be 1 to 16 (0: chosen)`,
    );
  const microBatches = given?.microBatches || 1;
  if (microBatches > 64)
    throw new AsyncDiffError('invalid_settings', `micro_batches is ${microBatches}, it must be 1 to 64`);
  return {
    stride,
    warmUp,
    timeShift: given?.timeShift ?? false,
    relay: oneOf('data_path', given?.dataPath || 'direct', ['direct', 'relay']) === 'relay',
    optimizationLevel: oneOf(
      'optimization_level',
      given?.optimizationLevel || 'extended',
      OPTIMIZATION_LEVELS,
    ),
    maxWorkers: given?.maxWorkers || Number.POSITIVE_INFINITY,
    plan: {
      components: given?.components ?? 0,
      stride,
      cuts: given?.cuts ?? [],
      shape: oneOf('shape', given?.shape || 'auto', ['auto', 'sequential', 'u-shaped'] as const),
      wireDtype: oneOf('wire_dtype', given?.wireDtype || 'float32', ['float32', 'float16'] as const),
      recompute: oneOf('recompute', given?.recompute || 'auto', ['auto', 'on', 'off'] as const),
      lag,
      microCuts,
      microBatches,
    },
  };
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new AsyncDiffError(
    'invalid_settings',
    `${name} is "${value}", it must be one of ${allowed.join(', ')}`,
  );
}
