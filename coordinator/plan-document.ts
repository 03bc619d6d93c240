import { AsyncDiffError } from '../common/errors/index.js';
import { resolvePlanSettings } from '../common/settings/index.js';
import { fromPlanSettingsMessage } from '../rpc/index.js';
import { formatPlan } from '../planner/index.js';
import type { PlanRequest__Output } from '../rpc/gen/asyncdiff/v1/PlanRequest.js';
import type { PlanResponse } from '../rpc/gen/asyncdiff/v1/PlanResponse.js';
import { checkPlan } from './jobs/index.js';
import { awaitWorkers } from './workers/index.js';
import type { CoordinatorParts } from './coordinator-parts.js';

/** The plan that a job with these settings would get on the workers there are, as the document of `asyncdiff plan --json`. */
export async function planDocument(
  coordinator: CoordinatorParts,
  request: PlanRequest__Output,
  signal: AbortSignal,
): Promise<PlanResponse> {
  checkPlan(request);
  const { registry, models, pipeline, deployments } = coordinator;
  const settings = resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  const workers = await awaitWorkers(registry, settings, { signal });
  const modelPath = request.modelSha256 === '' ? pipeline?.predictorPath : models.path(request.modelSha256);
  if (modelPath === undefined)
    throw new AsyncDiffError(
      'model_not_found',
      'no model was given, and this coordinator has none of its own',
    );
  const inputShapes = Object.fromEntries(
    Object.entries(request.inputShapes).map(([name, { dims }]) => [name, dims]),
  );
  const { plan } = await deployments.plan(
    {
      source: { kind: 'model', modelPath, inputShapes },
      settings,
      // The shapes are those of the whole batch; that guidance is split says that half of it repeats the latents.
      batchRepeat: settings.guidanceSplit === 'on' ? 2 : 1,
      workers,
    },
    signal,
  );
  return { json: JSON.stringify(formatPlan(plan)) };
}
