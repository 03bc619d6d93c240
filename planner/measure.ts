import { join } from 'node:path';
import { parseProfile } from '../execution/declared/index.js';
import { toCostGraph } from './declared/index.js';
import { batchParts } from './batch-parts.js';
import { microBatchShapes } from './micro-batch-shapes.js';
import { prepareModel, type PreparedModel, speedOf } from './model/index.js';
import type { PlanRequest } from './plan.js';
import type { OnPlanningProgress } from './planning-progress.js';
import type { CostGraph } from './search/index.js';

/** A predictor's costs for one part of its batch. */
export interface MeasuredCosts {
  readonly graph: CostGraph;
  readonly prepared: PreparedModel | undefined;
  readonly timeDilation: number;
}

/** Costs the predictor of a request; a model is folded, a profile read. */
export async function measure(request: PlanRequest, onProgress: OnPlanningProgress): Promise<MeasuredCosts> {
  const { source, settings, workDir, device = 'cpu', threads } = request;
  const { parts } = batchParts(settings, request.batchRepeat);
  if (source.kind === 'profile') {
    const profile = parseProfile(JSON.parse(source.profileJson), 'the device profile');
    return {
      graph: toCostGraph(profile, parts),
      prepared: undefined,
      timeDilation: profile.time_dilation,
    };
  }
  onProgress({ stage: 'fold', fraction: 0 });
  const prepared = await prepareModel({
    modelPath: source.modelPath,
    adaptation: source.adaptation,
    singlePass: source.singlePass,
    inputShapes:
      source.singlePass === undefined
        ? (predictor) => microBatchShapes(predictor, source.inputShapes, parts, settings)
        : source.inputShapes,
    keepValues: settings.cuts,
    workDir: join(workDir, 'prepared'),
    device: speedOf(device, threads),
    onTurn: (turn) => onProgress({ stage: 'fold', fraction: 1 - 0.5 ** turn }),
  });
  return { graph: prepared.graph, prepared, timeDilation: 1 };
}
