import { AsyncDiffError } from '../common/errors/index.js';
import { encodePng } from '../common/image/index.js';
import {
  type BegunCall,
  estimateParts,
  type PartEstimate,
  type PartRunner,
  Pipeline,
  standInRunner,
} from '../coordinator/pipeline/index.js';
import { type Tensor, zeros } from '../common/tensor/index.js';
import { describeInputs, type PlanSource } from '../planner/index.js';
import type { InputShapes } from '../planner/model/index.js';

/** What of a call decides about shapes. */
export interface PlannedCall {
  readonly model: string;
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly guidanceScale: number;
}

const GREY = 128;
/** Pictures (and which kind of picture) that a pipeline may need, tried in turn: what they show does not change a plan. */
const PICTURES = [
  [],
  ['controlImage'],
  ['controlImage', 'controlMode'],
  ['image'],
  ['image', 'controlImage'],
  ['image', 'maskImage'],
  ['image', 'maskImage', 'controlImage'],
] as const;
/** What a call is refused with that lacks a picture, or whose picture needs a part that the folder does not have. */
const LACKS_PICTURE: ReadonlySet<string> = new Set(['invalid_settings', 'model_not_found']);

/** A call of a pipeline with a grey picture in every place where it needs one. */
async function beginAny(
  pipeline: Pipeline,
  { height, width, guidanceScale }: PlannedCall,
  runner?: PartRunner,
): Promise<BegunCall> {
  const size = { height: height ?? pipeline.sizes.height, width: width ?? pipeline.sizes.width };
  const { takes } = pipeline.description;
  const call = {
    prompt: '',
    ...size,
    // Where guidance grows with the frames it is on by default.
    ...(takes.includes('maxGuidanceScale') ? {} : { guidanceScale }),
  };
  let missing: unknown;
  const embeds = takes.includes('promptEmbeds') ? blankEmbeds(pipeline.predictorPath) : undefined;
  const ways = PICTURES.map((names) => ({ names, texts: {} }));
  // Where no text encoder of the pipeline is run, embeddings stand for the prompts.
  const given = embeds === undefined ? [] : ways.map(({ names }) => ({ names, texts: embeds }));
  for (const { names, texts } of [...ways, ...given]) {
    if (!names.every((name) => takes.includes(name))) continue;
    // A picture that is read beside what is drawn makes the predictor's inputs longer.
    if (names.length === 0 && pipeline.description.readsPictureApart === true) continue;
    try {
      // Sound has no size, and takes no picture.
      const pictures = names.length === 0 ? {} : picturesOf(names, await greyPicture(size));
      return await pipeline.begin({ ...call, ...texts, ...pictures }, undefined, runner);
    } catch (error) {
      if (!LACKS_PICTURE.has(AsyncDiffError.from(error).code)) throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** Embeddings of no text, of the length and width that the predictor's file fixes; undefined where it leaves them open. */
function blankEmbeds(predictorPath: string): { readonly promptEmbeds: Tensor } | undefined {
  const states = describeInputs(predictorPath).inputs.find(({ name }) => name === 'encoder_hidden_states');
  const [, tokens, hidden] = states?.dims ?? [];
  return typeof tokens === 'number' && typeof hidden === 'number'
    ? { promptEmbeds: zeros('float32', [1, tokens, hidden]) }
    : undefined;
}

function picturesOf(names: readonly string[], picture: Uint8Array): Record<string, Uint8Array | number> {
  return Object.fromEntries(names.map((name) => [name, name === 'controlMode' ? 0 : picture]));
}

function greyPicture(size: { readonly height: number; readonly width: number }): Promise<Uint8Array> {
  return encodePng({ ...size, data: new Uint8Array(size.height * size.width * 3).fill(GREY) });
}

/** The predictor of a model folder with the shapes that its pipeline gives it. No part is run: a text encoder may be larger than this host. */
export async function pipelineSource(
  call: PlannedCall,
  given: InputShapes,
  workDir: string,
): Promise<Extract<PlanSource, { kind: 'model' }>> {
  const pipeline = await Pipeline.open(call.model, { threads: 1, workDir });
  try {
    const { inputShapes, adaptation } = await beginAny(pipeline, call, standInRunner(pipeline, workDir));
    return {
      kind: 'model',
      modelPath: pipeline.predictorPath,
      adaptation,
      inputShapes: { ...inputShapes, ...given },
    };
  } finally {
    await pipeline.close();
  }
}

/** What text encoders and VAE of a call take; none for what is no whole pipeline. */
export async function pipelineParts(call: PlannedCall, workDir: string): Promise<readonly PartEstimate[]> {
  let pipeline: Pipeline;
  try {
    pipeline = await Pipeline.open(call.model, { threads: 1, workDir });
  } catch {
    // A predictor alone, or a folder that lacks something: its plan stands without them.
    return [];
  }
  try {
    return await estimateParts(pipeline, workDir, (runner) => beginAny(pipeline, call, runner));
  } catch (error) {
    // A text encoder that is not there: others give --prompt-embeds.
    if (AsyncDiffError.from(error).code === 'model_not_found') return [];
    throw error;
  } finally {
    await pipeline.close();
  }
}
