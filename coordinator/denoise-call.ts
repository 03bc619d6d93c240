import { guidanceOf, inputShapesOf } from '../common/guidance/index.js';
import { asked, type JobSettings, resolvePlanSettings } from '../common/settings/index.js';
import { takeLatents } from '../execution/index.js';
import { describeModel, jointJob, type PlanRequest } from '../planner/index.js';
import { fromReplayMessage } from '../protocol/index.js';
import type { DenoiseRequest__Output } from '../rpc/gen/asyncdiff/v1/DenoiseRequest.js';
import type { JobEvent } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import {
  alignInPlace,
  fromPlanSettingsMessage,
  fromTensorMessages,
  toTensorMessage,
  toTensorMessages,
} from '../rpc/index.js';
import {
  createSampler,
  type NoiseSeed,
  parseSamplerOptions,
  parseSchedulerConfig,
  type Sampler,
  SeededNoise,
} from '../samplers/index.js';
import type { CoordinatorParts } from './coordinator-parts.js';
import {
  checkGuidedBatch,
  type JobContext,
  mergeTrace,
  runJob,
  sourceFor,
  workersThere,
} from './jobs/index.js';

/** Denoises what a client gave with a predictor of its own. */
export async function denoise(
  { models }: CoordinatorParts,
  request: DenoiseRequest__Output,
  asking: JobSettings,
  context: JobContext,
): Promise<Omit<JobEvent, 'jobId'>> {
  const config = parseSchedulerConfig(request.schedulerConfig);
  const seed = BigInt(asking.seed);
  const samplerOf = (noise: NoiseSeed): Sampler =>
    createSampler(config, asked(asking.numInferenceSteps), {
      name: asked(asking.scheduler),
      options: parseSamplerOptions(request.samplerOptions),
      noise: new SeededNoise(noise),
    });
  let sampler = samplerOf({ seed, drawnBefore: [] });
  // A predictor without a pipeline says nothing of guidance.
  const guidance = guidanceOf(asked(asking.guidanceScale) ?? 0);
  const settings = resolvePlanSettings(fromPlanSettingsMessage(request.plan), {
    numInferenceSteps: sampler.numCalls,
  });
  // What is planned with, and so what inputs are called, depends on who is there.
  await workersThere(context, settings);
  const declared = context.registry.workers.some((worker) => worker.facts.declared !== undefined);
  const modelPath = declared ? '' : await models.path(request.modelSha256);
  alignInPlace(Object.values(request.inputs));
  const inputs = fromTensorMessages(request.inputs);
  const isNamed = declared || inputs['sample'] !== undefined;
  const joint =
    isNamed && request.joint.length === 0
      ? undefined
      : jointJob({ modelPath, inputs, pairs: request.joint, seed, sampler });
  if (joint !== undefined) sampler = samplerOf({ seed, drawnBefore: joint.drawn, parts: joint.sizes });
  const own = isNamed || joint !== undefined ? undefined : describeModel(modelPath).sample.name;
  const { latents, conditioning } = joint ?? takeLatents(inputs, own);
  checkGuidedBatch({ latents, conditioning, guidance });
  const shapes = joint === undefined ? undefined : inputShapesOf(latents.dims, conditioning, guidance);
  const source: PlanRequest['source'] =
    joint === undefined || shapes === undefined
      ? sourceFor(context, modelPath, conditioning, latents.dims, guidance)
      : { kind: 'model', modelPath, inputShapes: shapes, adaptation: joint.adaptation };
  const outcome = await runJob(
    {
      job: {
        sampler,
        latents,
        conditioning,
        timesteps: sampler.timesteps.map((timestep) => timestep * (request.timestepScale ?? 1)),
        guidance,
      },
      source,
      settings,
      sendSteps: request.sendSteps,
      trace: request.trace,
      simulate: request.simulate,
      replay: fromReplayMessage(request.replay)[0]?.run,
    },
    context,
  );
  const several = joint?.unpack(outcome.latents) ?? {};
  const [first = outcome.latents] = Object.values(several);
  return {
    done: {
      latents: toTensorMessage(first),
      jointLatents: toTensorMessages(several),
      report: outcome.report,
      trace: request.trace ? mergeTrace([outcome.traced], context.phases.done) : '',
    },
  };
}
