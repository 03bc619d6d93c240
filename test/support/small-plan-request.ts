import { planWorkers } from '../../cli/reference-run.js';
import type { PlanSettings } from '../../common/settings/index.js';
import type { PlanRequest } from '../../planner/index.js';
import { writeModel } from './onnx-builder.js';
import { smallPredictor } from './small-predictor.js';
import { tempFolder } from './temp-folder.js';

/** A plan of the small predictor with these settings, in folders of its own unless told otherwise. */
export function smallPlanRequest(settings: PlanSettings, more: Partial<PlanRequest> = {}): PlanRequest {
  return {
    source: {
      kind: 'model',
      modelPath: writeModel(smallPredictor(), tempFolder()),
      inputShapes: { sample: [2, 4, 8, 8] },
    },
    settings,
    workers: planWorkers(settings),
    links: [],
    batchRepeat: 2,
    workDir: tempFolder(),
    threads: 1,
    ...more,
  };
}
