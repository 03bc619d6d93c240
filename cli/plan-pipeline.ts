import { AsyncDiffError } from '../common/errors/index.js';
import { encodePng } from '../common/image/index.js';
import {
  type BegunCall,
  estimateParts,
  type PartEstimate,
  type PartRunner,
  Pipeline,
} from '../coordinator/pipeline/index.js';
import type { PlanSource } from '../planner/index.js';
import type { InputShapes } from '../planner/model/index.js';

/** What of a call decides about shapes. */
export interface PlannedCall {
  readonly model: string;
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly guidanceScale: number;
}

const GREY = 128;
/** Pictures that a pipeline may need, tried in turn: what they show does not change a plan. */
const PICTURES = [
  [],
  ['controlImage'],
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
  const grey = await encodePng({
    ...size,
    data: new Uint8Array(size.height * size.width * 3).fill(GREY),
  });
  const { takes } = pipeline.description;
  const call = {
    prompt: '',
    ...size,
    // Where guidance grows with the frames it is on by default.
    ...(takes.includes('maxGuidanceScale') ? {} : { guidanceScale }),
  };
  let missing: unknown;
  for (const names of PICTURES) {
    if (!names.every((name) => takes.includes(name))) continue;
    try {
      const pictures = Object.fromEntries(names.map((name) => [name, grey]));
      return await pipeline.begin({ ...call, ...pictures }, undefined, runner);
    } catch (error) {
      if (!LACKS_PICTURE.has(AsyncDiffError.from(error).code)) throw error;
      missing ??= error;
    }
  }
  throw missing;
}

/** The predictor of a model folder with the shapes that its pipeline gives it. */
export async function pipelineSource(
  call: PlannedCall,
  given: InputShapes,
): Promise<Extract<PlanSource, { kind: 'model' }>> {
  const pipeline = await Pipeline.open(call.model, { threads: 1 });
  try {
    const { inputShapes, adaptation } = await beginAny(pipeline, call);
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
  } finally {
    await pipeline.close();
  }
}
