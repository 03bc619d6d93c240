import { AsyncDiffError } from '../../../common/errors/index.js';
import { batchRepeatOf } from '../../../common/guidance/index.js';
import { float32, type Tensor } from '../../../common/tensor/index.js';
import { CONTROL_FIRST, CONTROL_LAST, controlInput } from '../../../planner/index.js';
import type { PipelineRun, PredictorJob } from './description.js';
import { needed, picturePlanes } from './pictures.js';
import { repeatRows } from './tensor-rows.js';

const CONTROLNET = 'controlnet';
/** The predictor's inputs that a ControlNet's outputs become, in its order. */
const RESIDUAL =
  /^(down_block_additional_residuals?|mid_block_additional_residual|controlnet_block_samples|controlnet_single_block_samples|block_controlnet_hidden_states)(\.|$)/;

interface ControlOptions {
  /** Where the call has none. */
  readonly scale: number;
  /** What the ControlNet reads of the picture, a row for each of the batch; its pixels in [0, 1] unless set. */
  readonly condition?: Tensor | undefined;
  /** Inputs of the ControlNet that are not what the predictor reads under the same name. */
  readonly own?: Readonly<Record<string, Tensor>> | undefined;
  /** Further inputs of the ControlNet alone. */
  readonly more?: Readonly<Record<string, Tensor>> | undefined;
}

/** Whether a ControlNet goes with this call: the predictor was exported for one, or a control picture is given. */
export function hasControl({ predictor, call }: PipelineRun): boolean {
  return call.controlImage !== undefined || predictor.inputs.some(({ name }) => RESIDUAL.test(name));
}

/**
 * A job with its ControlNet: the control picture as conditioning, and the ControlNet's graph as a part of the predictor.
 * Raises `invalid_settings` without a control picture, `model_unsupported` where ControlNet and predictor do not fit together.
 */
export async function withControl(
  run: PipelineRun,
  job: PredictorJob,
  { scale: fallback, condition, own = {}, more = {} }: ControlOptions,
): Promise<PredictorJob> {
  const { call, model, width, height } = run;
  const picture = needed(call.controlImage, 'control-image', 'this model has a ControlNet');
  const part = model.parts[CONTROLNET];
  const info = run.partInfo(CONTROLNET);
  if (part === undefined || info === undefined)
    throw new AsyncDiffError(
      'model_unsupported',
      `${model.path} has no ${CONTROLNET}/model.onnx, which --control-image needs`,
    );
  const residuals = run.predictor.inputs.map(({ name }) => name).filter((name) => RESIDUAL.test(name));
  if (residuals.length !== info.outputs.length) {
    throw new AsyncDiffError(
      'model_unsupported',
      `the ControlNet gives ${info.outputs.length} residuals and the predictor takes ${residuals.length}`,
      { hint: 'Export the predictor with the residuals of a ControlNet as inputs.' },
    );
  }
  const rows = (job.latents.dims[0] ?? 1) * batchRepeatOf(job.guidance);
  const read = condition ?? repeatRows(await picturePlanes(picture, width, height, 'unit'), rows);
  const scale = call.controlnetConditioningScale ?? fallback;
  const ownNames = Object.keys(own).filter((name) => info.inputs.some((input) => input.name === name));
  const kept = keptTimesteps(run, job);
  return {
    ...job,
    conditioning: {
      ...job.conditioning,
      ...more,
      ...Object.fromEntries(ownNames.map((name) => [controlInput(name), own[name] as Tensor])),
      controlnet_cond: read,
      conditioning_scale: scalar(kept === 'none' ? 0 : scale),
      ...(typeof kept === 'string'
        ? {}
        : { [CONTROL_FIRST]: scalar(kept.first), [CONTROL_LAST]: scalar(kept.last) }),
    },
    adaptation: {
      ...job.adaptation,
      control: {
        modelPath: part.path,
        outputs: Object.fromEntries(info.outputs.map(({ name }, i) => [name, residuals[i] as string])),
        isTimed: typeof kept !== 'string',
        ...(ownNames.length === 0 ? {} : { own: ownNames }),
      },
    },
  };
}

/** Timesteps between which the ControlNet acts, as diffusers counts the share of the calls that are done. */
function keptTimesteps(
  { call }: PipelineRun,
  { sampler, timesteps = sampler.timesteps }: PredictorJob,
): 'all' | 'none' | { readonly first: number; readonly last: number } {
  const [start, end] = [call.controlGuidanceStart ?? 0, call.controlGuidanceEnd ?? 1];
  if (start === 0 && end === 1) return 'all';
  const count = timesteps.length;
  const kept = timesteps.filter((_, i) => i / count >= start && (i + 1) / count <= end);
  const [first, last] = [kept[0], kept.at(-1)];
  return first === undefined || last === undefined ? 'none' : { first, last };
}

function scalar(value: number): Tensor {
  return float32(Float32Array.of(value), []);
}
