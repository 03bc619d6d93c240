import { AsyncDiffError } from '../common/errors/index.js';
import {
  innerValues,
  type LoadedSegment,
  loadSegments,
  openOrtSession,
  parseDevice,
} from '../execution/index.js';
import { type Plan, segmentModel } from './plan.js';
import type { PlanSettings } from '../common/settings/index.js';

interface OpenSegmentsOptions extends Pick<PlanSettings, 'optimizationLevel'> {
  /** Default: `cpu`. */
  readonly device?: string | undefined;
  /** ONNX Runtime threads. Default: 1. */
  readonly threads?: number | undefined;
}

/** All sessions of a plan in this process, for the reference executor. Throws `usage` for a declared device, which computes nothing. */
export async function openSegments(
  plan: Pick<Plan, 'specs' | 'artifacts'>,
  { device: text = 'cpu', threads = 1, optimizationLevel }: OpenSegmentsOptions,
): Promise<LoadedSegment[]> {
  const device = parseDevice(text);
  if (device.kind === 'declared')
    throw new AsyncDiffError('usage', 'the reference computes; a declared device does not');
  return loadSegments(plan.specs, (spec) =>
    openOrtSession(segmentModel(plan, spec.sha256), {
      device,
      threads,
      optimizationLevel,
      inner: innerValues(spec),
    }),
  );
}
