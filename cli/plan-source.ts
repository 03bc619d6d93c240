import { AsyncDiffError } from '../common/errors/index.js';
import { describeInputs, type PlanSource, type SinglePassUse } from '../planner/index.js';
import type { InputShapes } from '../planner/model/index.js';
import { guessShapes, outChannelsOf, predictorOf } from './predictor-folder.js';
import { parseShapes, tryDescribe } from './predictor-inputs.js';
import { pipelineSource, type PlannedCall } from './plan-pipeline.js';
import { namePair } from './run-inputs.js';

/** What `plan` is asked about, as far as it decides what is cut. */
export interface PlanSourceFlags {
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly inputShape?: readonly string[] | undefined;
  readonly numInferenceSteps?: number | undefined;
  readonly guidanceScale?: number | undefined;
  readonly singlePass?: boolean | undefined;
  readonly state?: readonly string[] | undefined;
}

type ModelSource = Extract<PlanSource, { kind: 'model' }>;

/** With classifier-free guidance the predictor's batch is twice the images. */
export const GUIDED_BATCH = 2;
/** Names of inputs that say the time of a step. */
const TIMESTEP = /time|sigma|^t$/i;

export function callOf(
  model: string,
  { height, width, guidanceScale = GUIDED_BATCH }: PlanSourceFlags,
): PlannedCall {
  return { model, height, width, guidanceScale };
}

/** Rows of the batch for one picture. */
export function batchOf({ guidanceScale = GUIDED_BATCH }: PlanSourceFlags): 1 | 2 {
  return guidanceScale > 1 ? 2 : 1;
}

/**
 * The model of a file or folder with the shapes of a picture, or of an item. Where a predictor's graph alone does not say what it is fed, its
 * pipeline does.
 * @throws AsyncDiffError `model_not_found`, `model_unsupported`; `usage` for what says nothing of a model without a sampler
 */
export async function planSource(
  model: string,
  flags: PlanSourceFlags,
  workDir: string,
): Promise<ModelSource> {
  const given = parseShapes(flags.inputShape ?? []);
  const modelPath = predictorOf(model);
  const singlePass = singlePassUse(modelPath, model, flags);
  if (singlePass !== undefined)
    return { kind: 'model', modelPath, singlePass, inputShapes: { ...oneItem(modelPath), ...given } };
  if (modelPath !== model && !predictsLatents(modelPath)) {
    try {
      return await pipelineSource(callOf(model, flags), given, workDir);
    } catch (error) {
      // A folder without its text encoder draws from --prompt-embeds: its plan stands on the shapes that are given and that the file fixes.
      if (AsyncDiffError.from(error).code !== 'model_not_found') throw error;
      return { kind: 'model', modelPath, inputShapes: { ...oneItem(modelPath), ...given } };
    }
  }
  const guessed = guessShapes(modelPath, model, flags, batchOf(flags));
  return { kind: 'model', modelPath, inputShapes: { ...guessed, ...given } };
}

/** How `run` would use a file; undefined for a noise predictor. One that can be told by its inputs needs no --single-pass. */
function singlePassUse(modelPath: string, model: string, flags: PlanSourceFlags): SinglePassUse | undefined {
  const { singlePass = false, state = [], height, width, numInferenceSteps, guidanceScale } = flags;
  const isAsked = singlePass || state.length > 0;
  if (!isAsked && (modelPath !== model || tryDescribe(modelPath) !== undefined)) return undefined;
  const { inputs } = describeInputs(modelPath);
  // A predictor of a kind that is not told by its graph alone: whoever looks at it says what is missing.
  if (!isAsked && inputs.some(({ name, dims }) => dims.length <= 1 && TIMESTEP.test(name))) return undefined;
  const ofPicture = {
    height,
    width,
    'num-inference-steps': numInferenceSteps,
    'guidance-scale': guidanceScale,
  };
  const [other] = Object.entries(ofPicture).find(([, value]) => value !== undefined) ?? [];
  if (other !== undefined)
    throw new AsyncDiffError(
      'usage',
      `--${other} says nothing of ${modelPath}: it is no noise predictor, and is planned as \`run\` would`,
      { hint: 'Leave it out; --input-shape gives the shapes of an item.' },
    );
  const states = state.map((text) => {
    const [value, input] = namePair(text, '--state takes OUTPUT=INPUT');
    return { value, input };
  });
  const carried = new Set(states.map(({ input }) => input));
  return { inputs: inputs.map(({ name }) => name).filter((name) => !carried.has(name)), states };
}

/** Shapes of one item, where nothing but the batch is open. */
function oneItem(modelPath: string): InputShapes {
  const shapes = describeInputs(modelPath).inputs.flatMap(({ name, dims }) => {
    const one = dims.map((dim, axis) => (axis === 0 && typeof dim !== 'number' ? 1 : dim));
    return one.every((dim) => typeof dim === 'number') ? [[name, one] as const] : [];
  });
  return Object.fromEntries(shapes);
}

/** Whether a predictor can be told to give what has the shape of its latents: not where further channels go in, or more come out. */
function predictsLatents(modelPath: string): boolean {
  const described = tryDescribe(modelPath);
  if (described === undefined) return false;
  const { sample, output, inputs } = described;
  // Positions of packed latents and of tokens (FLUX): how many there are is the pipeline's to say.
  if (inputs.some(({ name, dims }) => name.endsWith('_ids') && dims.length >= 2)) return false;
  // A ControlNet's outputs are inputs of its predictor, and nobody else gives them.
  if (inputs.some(({ name }) => name.includes('_block_additional_residual'))) return false;
  const channels = outChannelsOf(modelPath);
  return sample.dims.every((dim, axis) => {
    // Behind a branch the graph says no shape; its config does.
    const other = typeof output.dims[axis] !== 'number' && axis === 1 ? channels : output.dims[axis];
    return typeof dim !== 'number' || typeof other !== 'number' || dim === other;
  });
}
