import { type Guidance, inputShapesOf } from '../../common/guidance/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { encodeWav } from '../../common/audio/index.js';
import { type DecodedImage, encodePng, withPngText } from '../../common/image/index.js';
import {
  asked,
  type JobSettings,
  type PlanSettings,
  resolvePlanSettings,
} from '../../common/settings/index.js';
import { formatNpy } from '../../common/npy/index.js';
import { float32, type Tensor } from '../../common/tensor/index.js';
import type { PlanRequest } from '../../planner/index.js';
import { fromReplayMessage } from '../../protocol/index.js';
import { alignInPlace, fromArgumentMessages, fromPlanSettingsMessage } from '../../rpc/index.js';
import { parseSamplerOptions } from '../../samplers/index.js';
import type { GenerateRequest__Output } from '../../rpc/gen/asyncdiff/v1/GenerateRequest.js';
import type { PlacedParts } from '../deployment/index.js';
import type {
  BegunCall,
  CompleteJob,
  PartRunner,
  Pipeline,
  PipelineCall,
  VideoShape,
} from '../pipeline/index.js';
import { chooseWorkers, type WorkerHandle } from '../workers/index.js';
import { pictureText } from './picture-text.js';
import { runStages, type StagesOutcome } from './run-stages.js';
import { type JobContext, workersThere } from './job-context.js';
import { runJob, type DenoiseOutcome } from './run-job.js';
import { mergeTrace } from './trace.js';

interface GenerateOutcome extends Pick<DenoiseOutcome, 'latents' | 'report'> {
  /** Chrome trace JSON, with the parts of the job until now; empty unless asked for. */
  readonly trace: () => string;
  /** PNG (or .npy, as asked for), one per image. */
  readonly images: readonly Uint8Array[];
  /** Where the images are frames of videos. */
  readonly video: VideoShape | undefined;
  /** WAV, one per sound. */
  readonly audio: readonly Uint8Array[];
}

/** A prompt to pictures: what stands before the predictor, rounds on the workers, what stands after it. */
export async function generateJob(
  request: GenerateRequest__Output,
  asking: JobSettings,
  { pipeline, parts }: { readonly pipeline: Pipeline; readonly parts: PlacedParts },
  context: JobContext,
): Promise<GenerateOutcome> {
  const startMs = performance.now();
  const call = toPipelineCall(request, asking);
  const checked = await pipeline.check(call);
  // Where parts run, and what is planned with, depends on who is there.
  const given = resolvePlanSettings(fromPlanSettingsMessage(request.plan));
  await workersThere(context, given);
  const begun = await context.phases.time('encode', () =>
    pipeline.begin(call, undefined, partRunner(pipeline, parts, given, context), checked),
  );
  for (const message of begun.warnings) context.emit({ warning: { message } });
  const { outcome, previews } = await drawn(begun, request, asking.previewEvery, context);
  const {
    pictures,
    video,
    audio = [],
  } = await context.phases.time('decode', () => begun.finish(outcome.latents));
  const parameters = pictureText(call, begun, {
    modelFolder: pipeline.folder.path,
    planId: outcome.report.planId ?? '',
  });
  const images: Uint8Array[] = [];
  for (const picture of pictures)
    images.push(
      asking.outputType === 'np'
        ? pictureNpy(picture)
        : withPngText(await encodePng(picture), { parameters }),
    );
  // Those of a short job's last window are decoded just before the picture, and could come after the job's last event.
  await Promise.all(previews);
  return {
    latents: outcome.latents,
    trace: () => (request.trace ? mergeTrace(outcome.traced, context.phases.done) : ''),
    images,
    video,
    audio: audio.map(encodeWav),
    report: { ...outcome.report, totalSeconds: (performance.now() - startMs) / 1000 },
  };
}

/** Throws `replay_impossible` where the run that is to be repeated had another number of predictors. */
function checkStages(repeated: number, stages: number): void {
  if (repeated === 0 || repeated === stages) return;
  throw new AsyncDiffError(
    'replay_impossible',
    `the run to repeat was made by ${repeated} predictor${repeated === 1 ? '' : 's'} one after another, this job by ${stages}`,
    { hint: 'Repeat it with the same model, steps and sampler.' },
  );
}

/** The rounds of a call's predictors, one after another. The previews that they begin may end after them. */
async function drawn(
  begun: BegunCall,
  request: GenerateRequest__Output,
  previewEvery: number,
  context: JobContext,
): Promise<{ readonly outcome: StagesOutcome; readonly previews: readonly Promise<void>[] }> {
  const all: [CompleteJob, ...CompleteJob[]] = [begun, ...begun.next];
  const steps = all.reduce((sum, { job }) => sum + job.sampler.numCalls, 0);
  const replays = fromReplayMessage(request.replay);
  checkStages(replays.length, all.length);
  const previews: Promise<void>[] = [];
  const outcome = await runStages(all, ({ stepsBefore, ...stage }, at) => {
    const { job, adaptation, inputShapes, microBatches, predictorPath: modelPath } = stage;
    const wanted = replays[at]?.plan ?? fromPlanSettingsMessage(request.plan);
    const settings = withinStage(
      resolvePlanSettings(wanted, { numInferenceSteps: steps }),
      job.sampler.numCalls,
    );
    return runJob(
      {
        job,
        source: declaredSource(context) ?? { kind: 'model', modelPath, inputShapes, adaptation },
        settings: withMicroBatches(settings, microBatches),
        sendSteps: false,
        trace: request.trace,
        simulate: request.simulate,
        replay: replays[at]?.run,
        wantsLatents: (done) => isPreviewed(previewEvery, stepsBefore + done, steps),
        onLatents: (done, latents) => {
          previews.push(preview(begun, stepsBefore + done, latents, context));
        },
      },
      begun.next.length === 0 ? context : stepsOf(context, stepsBefore, steps),
    );
  });
  return { outcome, previews };
}

/** Of several predictors each has at most as many steps in order at the start as it has steps. */
function withinStage(settings: PlanSettings, steps: number): PlanSettings {
  const { warmUp } = settings;
  return warmUp === 'auto' || warmUp <= steps ? settings : { ...settings, warmUp: steps };
}

function isPreviewed(every: number, step: number, steps: number): boolean {
  return every > 0 && step % every === 0 && step < steps;
}

/** The same job, whose progress counts the steps of its earlier predictors too. */
function stepsOf(context: JobContext, stepsBefore: number, steps: number): JobContext {
  return {
    ...context,
    emit: ({ progress, ...event }) => {
      const counted = progress && { ...progress, step: (progress.step ?? 0) + stepsBefore, steps };
      return context.emit({ ...event, ...(counted && { progress: counted }) });
    },
  };
}

/** Parts run on the workers that the job may use; in this process where those are declared devices, which compute nothing. */
function partRunner(
  { local }: Pipeline,
  parts: PlacedParts,
  settings: PlanSettings,
  context: JobContext,
): PartRunner {
  if (declaredSource(context) !== undefined) return local;
  const { registry, signal } = context;
  const choice: PlanSettings = { ...settings, maxWorkers: 'auto' };
  const workers = async (): Promise<readonly WorkerHandle[]> => {
    const there = await workersThere(context, choice);
    const rested = chooseWorkers(registry.usable, choice);
    return rested.length > 0 ? rested : there;
  };
  return {
    memoryBytes: Math.max(
      ...registry.usable.map(({ facts }) => facts.memoryBytes ?? Number.POSITIVE_INFINITY),
    ),
    run: (request) => parts.run(request, { workers, signal }),
  };
}

/** As diffusers' `output_type="np"`: float32 [height, width, 3] in [0, 1]. */
function pictureNpy({ floats, height, width }: DecodedImage): Uint8Array {
  return formatNpy(float32(floats, [height, width, 3]));
}

function toPipelineCall(request: GenerateRequest__Output, asking: JobSettings): PipelineCall {
  const given = Object.values(request.arguments);
  alignInPlace(
    given.flatMap(({ tensor }) => tensor ?? []),
    given.flatMap(({ file }) => file ?? []),
  );
  return {
    ...fromArgumentMessages(request.arguments),
    prompt: request.prompt,
    negativePrompt: request.negativePrompt,
    height: asked(asking.height),
    width: asked(asking.width),
    numInferenceSteps: asked(asking.numInferenceSteps),
    guidanceScale: asked(asking.guidanceScale),
    seed: asking.seed,
    numImagesPerPrompt: asking.numImagesPerPrompt,
    scheduler: asked(asking.scheduler),
    schedulerConfig: request.schedulerConfig || undefined,
    samplerOptions: parseSamplerOptions(request.samplerOptions),
    vaeTiling: asking.vaeTiling,
  };
}

/** A predictor whose file fixes a smaller batch computes its rows one after another, whatever was asked for. */
function withMicroBatches(settings: PlanSettings, needed: number): PlanSettings {
  return needed === 1 ? settings : { ...settings, microBatches: needed };
}

/** Declared workers compute no model, so their profile is what is planned with; undefined where there are none. */
export function declaredSource({ registry }: JobContext): PlanRequest['source'] | undefined {
  const declared = registry.workers.find((worker) => worker.facts.declared !== undefined)?.facts.declared;
  return declared === undefined ? undefined : { kind: 'profile', profileJson: declared.profileJson };
}

/** What a job on a predictor of its own is planned with. */
export function sourceFor(
  context: JobContext,
  modelPath: string,
  conditioning: Readonly<Record<string, Tensor>>,
  latentDims: readonly number[],
  guidance: Guidance | undefined,
): PlanRequest['source'] {
  const declared = declaredSource(context);
  if (declared !== undefined) return declared;
  return { kind: 'model', modelPath, inputShapes: inputShapesOf(latentDims, conditioning, guidance) };
}

async function preview(begun: BegunCall, step: number, latents: Tensor, context: JobContext): Promise<void> {
  try {
    context.emit({ preview: { step, image: await encodePng(await begun.preview(latents)) } });
  } catch (error) {
    // A picture of half-finished latents is a courtesy; the job goes on without it.
    context.emit({ warning: { message: `no preview of step ${step}: ${String(error)}` } });
  }
}
