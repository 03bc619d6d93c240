import { TorchGenerator } from '../../common/random/index.js';
import { elementCount, float32, type Tensor } from '../../common/tensor/index.js';
import { encodePng } from '../../common/image/index.js';
import { resolvePlanSettings } from '../../common/settings/index.js';
import { fromPlanSettingsMessage } from '../../rpc/index.js';
import type { TextToImagePipeline } from '../pipeline/index.js';
import {
  createSampler,
  forLatents,
  parseSamplerOptions,
  parseSchedulerConfig,
  SeededNoise,
} from '../../samplers/index.js';
import type { GenerateRequest__Output } from '../../rpc/gen/asyncdiff/v1/GenerateRequest.js';
import { denoiseJob, type DenoiseOutcome, type JobContext } from './denoise-job.js';

export interface GenerateOutcome extends DenoiseOutcome {
  /** PNG, one per image. */
  readonly images: readonly Uint8Array[];
}

/** Text to image: text encoder, rounds on the workers, VAE decoder. */
export async function generateJob(
  request: GenerateRequest__Output,
  pipeline: TextToImagePipeline,
  context: JobContext,
): Promise<GenerateOutcome> {
  const startMs = performance.now();
  const { defaults } = pipeline;
  const guidanceScale = request.guidanceScale ?? defaults.guidanceScale;
  const numImages = request.numImagesPerPrompt || 1;
  const config = forLatents(parseSchedulerConfig(request.schedulerConfig || pipeline.schedulerConfigText));
  const dims = pipeline.latentDims({ height: request.height, width: request.width, numImages });
  const sampler = createSampler(config, request.numInferenceSteps || defaults.numInferenceSteps, {
    name: request.scheduler || undefined,
    options: parseSamplerOptions(request.samplerOptions),
    noise: new SeededNoise({ seed: BigInt(request.seed), drawnBefore: [elementCount(dims)] }),
  });
  const settings = resolvePlanSettings(fromPlanSettingsMessage(request.plan), {
    numInferenceSteps: sampler.numCalls,
  });
  const encoded = await pipeline.encodePrompt(request.prompt, request.negativePrompt, {
    guidanceScale,
    numImagesPerPrompt: numImages,
  });
  for (const message of encoded.warnings) context.emit({ warning: { message } });
  const previews: Promise<void>[] = [];
  const outcome = await denoiseJob(
    {
      source: sourceFor(context, pipeline.unetPath, encoded.inputs, dims, guidanceScale),
      sampler,
      settings,
      latents: initialLatents(request.seed, dims, sampler.initNoiseSigma),
      conditioning: encoded.inputs,
      guidanceScale,
      sendSteps: false,
      trace: request.trace,
      simulate: request.simulate,
      wantsLatents: (steps) =>
        request.previewEvery > 0 && steps % request.previewEvery === 0 && steps < sampler.numCalls,
      onLatents: (steps, latents) => {
        previews.push(preview(pipeline, steps, latents, context));
      },
    },
    context,
  );
  const images: Uint8Array[] = [];
  for (const image of await pipeline.decode(outcome.latents)) images.push(await encodePng(image));
  // Those of a short job's last window are decoded just before the picture, and could come after the job's last event.
  await Promise.all(previews);
  return {
    ...outcome,
    images,
    report: { ...outcome.report, totalSeconds: (performance.now() - startMs) / 1000 },
  };
}

/** Declared workers compute no model, so their profile is what is planned with. */
export function sourceFor(
  { registry }: JobContext,
  modelPath: string,
  conditioning: Readonly<Record<string, Tensor>>,
  latentDims: readonly number[],
  guidanceScale: number,
) {
  const declared = registry.workers.find((worker) => worker.facts.declared !== undefined)?.facts.declared;
  if (declared !== undefined) return { kind: 'profile' as const, profileJson: declared.profileJson };
  const [batch = 1, ...rest] = latentDims;
  const shapes = Object.fromEntries(
    Object.entries(conditioning).map(([name, tensor]) => [name, tensor.dims]),
  );
  return {
    kind: 'model' as const,
    modelPath,
    inputShapes: { ...shapes, sample: [batch * (guidanceScale > 1 ? 2 : 1), ...rest] },
  };
}

/** The noise that diffusers draws for `torch.Generator("cpu").manual_seed(seed)`, times the sampler's first sigma. */
function initialLatents(seed: number, dims: readonly number[], initNoiseSigma: number): Tensor {
  const noise = new TorchGenerator(seed).randn(dims);
  return float32(
    (noise.data as Float32Array).map((value) => value * initNoiseSigma),
    dims,
  );
}

async function preview(
  pipeline: TextToImagePipeline,
  step: number,
  latents: Tensor,
  context: JobContext,
): Promise<void> {
  try {
    context.emit({ preview: { step, image: await encodePng(await pipeline.preview(latents)) } });
  } catch (error) {
    // A picture of half-finished latents is a courtesy; the job goes on without it.
    context.emit({ warning: { message: `no preview of step ${step}: ${String(error)}` } });
  }
}
