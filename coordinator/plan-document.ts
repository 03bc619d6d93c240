import { AsyncDiffError } from '../common/errors/index.js';
import { batchRepeatOf, guidanceOf } from '../common/guidance/index.js';
import { asked, resolveJobSettings, resolvePlanSettings } from '../common/settings/index.js';
import { fromJobSettingsMessage, fromPlanSettingsMessage } from '../rpc/index.js';
import { batchParts, formatPlan } from '../planner/index.js';
import { planSubject } from './pipeline/index.js';
import type { PlanRequest__Output } from '../rpc/gen/asyncdiff/v1/PlanRequest.js';
import type { PlanResponse } from '../rpc/gen/asyncdiff/v1/PlanResponse.js';
import { checkPlan } from './jobs/index.js';
import { awaitWorkers } from './workers/index.js';
import type { CoordinatorParts } from './coordinator-parts.js';

/** A job as most are, where none is described. */
const USUAL_STEPS = 50;
const USUAL_GUIDANCE = 2;

/** The plan that a job with these settings would get on the workers there are, as the document of `asyncdiff plan --json`. */
export async function planDocument(
  coordinator: CoordinatorParts,
  request: PlanRequest__Output,
  signal: AbortSignal,
): Promise<PlanResponse> {
  checkPlan(request);
  const { registry, models, pipeline, deployments } = coordinator;
  const settings = resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  const job = resolveJobSettings(fromJobSettingsMessage(request));
  const numInferenceSteps = asked(job.numInferenceSteps) ?? USUAL_STEPS;
  // Split guidance is guidance.
  const guidanceScale = asked(job.guidanceScale) ?? (settings.guidanceSplit === 'on' ? USUAL_GUIDANCE : 0);
  // The shapes are those of the whole batch, of which guidance repeats the latents.
  const batchRepeat = batchRepeatOf(guidanceOf(guidanceScale));
  batchParts(settings, batchRepeat);
  const workers = await awaitWorkers(registry, settings, { signal });
  const modelPath =
    request.modelSha256 === '' ? pipeline?.predictorPath : await models.path(request.modelSha256);
  if (modelPath === undefined)
    throw new AsyncDiffError(
      'model_not_found',
      'no model was given, and this coordinator has none of its own',
    );
  const inputShapes = Object.fromEntries(
    Object.entries(request.inputShapes).map(([name, { dims }]) => [name, dims]),
  );
  const { plan, planRequest } = await deployments.plan(
    {
      source: { kind: 'model', modelPath, inputShapes },
      settings,
      batchRepeat,
      subject: planSubject(request.modelSha256 === '' ? pipeline?.folder.path : undefined, {
        numInferenceSteps,
        guidanceScale,
        settings,
      }),
      workers,
    },
    signal,
  );
  return { json: JSON.stringify(formatPlan({ ...plan, choice: planRequest.choice })) };
}
