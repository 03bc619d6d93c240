import { batchRepeatOf } from '../../common/guidance/index.js';
import type { DType, Tensor } from '../../common/tensor/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { castTensor, type DenoiseJob } from '../../execution/index.js';
import { CONTROL_FIRST, CONTROL_LAST, controlInput, type PredictorAdaptation } from '../../planner/index.js';
import { fixedAxis, type PartInfo, type PredictorJob, type ValueInfo } from './kit/index.js';

export interface CompleteJob {
  readonly job: DenoiseJob;
  /** ONNX file of the noise predictor. */
  readonly predictorPath: string;
  /** What is done to the predictor's graph before it is cut. */
  readonly adaptation: PredictorAdaptation | undefined;
  /** Shapes of the predictor's inputs, by name. */
  readonly inputShapes: Readonly<Record<string, readonly number[]>>;
  /** Micro-batches that the file asks for: above 1 where it takes a smaller batch than the job's. */
  readonly microBatches: number;
}

const LATENT_INPUTS = ['sample', 'hidden_states', 'latent_model_input', 'latents', 'x'];
const TIMESTEP_INPUTS = ['timestep', 't', 'timesteps'];

/**
 * A job held against the predictor's file: inputs that the file lacks are left aside, and one that it takes and nobody gives is found here,
 * before anything is planned. Raises `model_unsupported` for it.
 */
export function completeJob(
  job: PredictorJob,
  predictor: PartInfo,
  path: string,
  partInfo: (part: string) => PartInfo | undefined,
): CompleteJob {
  const control = controlOf(job, partInfo);
  const added = [...(job.adaptation?.append ?? []).map(({ name }) => name), ...control.inputs];
  const latentInput =
    predictor.inputs.find(({ name }) => LATENT_INPUTS.includes(name)) ?? predictor.inputs[0];
  const taken = new Set([...predictor.inputs.map(({ name }) => name), ...added]);
  const dtypes = new Map([...control.declared, ...predictor.inputs].map(({ name, dtype }) => [name, dtype]));
  const conditioning = Object.fromEntries(
    Object.entries(job.conditioning)
      .filter(([name]) => taken.has(name))
      // Floats are cast where they are fed; Optimum's export of Flux takes positions as whole numbers.
      .map(([name, tensor]) => [name, asDeclared(tensor, dtypes.get(name))]),
  );
  const missing = predictor.inputs.filter(
    (input) =>
      input !== latentInput &&
      !TIMESTEP_INPUTS.includes(input.name) &&
      !control.made.includes(input.name) &&
      conditioning[input.name] === undefined,
  );
  if (missing.length > 0) {
    throw new AsyncDiffError(
      'model_unsupported',
      `${path} takes ${missing.map(({ name }) => name).join(', ')}, which this pipeline does not give it`,
      { hint: 'Give the graph and all of its inputs to `asyncdiff denoise`.' },
    );
  }
  const batch = (job.latents.dims[0] ?? 1) * batchRepeatOf(job.guidance);
  const fixed = job.rowByRow === true ? 1 : fixedAxis(latentInput, 0);
  if (fixed !== undefined && batch % fixed !== 0) throw fixedBatch(path, fixed, batch);
  const shapes = Object.entries(conditioning).map(([name, { dims }]) => [name, dims] as const);
  return {
    job: {
      sampler: job.sampler,
      latents: job.latents,
      conditioning,
      timesteps: job.timesteps ?? job.sampler.timesteps,
      guidance: job.guidance,
    },
    predictorPath: path,
    adaptation: job.adaptation,
    inputShapes: {
      ...Object.fromEntries(shapes),
      [latentInput?.name ?? 'sample']: [batch, ...job.latents.dims.slice(1)],
    },
    microBatches: fixed === undefined ? 1 : batch / fixed,
  };
}

/** A batch can be computed in parts, and no part be smaller than what the file takes. */
function fixedBatch(path: string, fixed: number, batch: number): AsyncDiffError {
  const rows = batch === 1 ? '1 picture without guidance' : `${batch} rows (pictures, twice with guidance)`;
  return new AsyncDiffError(
    'invalid_settings',
    `${path} fixes its batch at ${fixed}, and this call has ${rows}`,
    {
      hint: `Ask for a multiple of ${fixed} (--num-images-per-prompt, guidance above 1), or export the predictor with an open batch or a batch of 1.`,
    },
  );
}

function asDeclared(tensor: Tensor, dtype: DType | undefined): Tensor {
  const isFloat = dtype === undefined || dtype.startsWith('float');
  const wanted = isFloat ? 'float32' : dtype;
  return (isFloat && tensor.dtype.startsWith('float')) || tensor.dtype === wanted
    ? tensor
    : castTensor(tensor, wanted);
}

/** Inputs that a ControlNet adds to the predictor, and those that it makes. */
function controlOf(
  { adaptation }: PredictorJob,
  partInfo: (part: string) => PartInfo | undefined,
): {
  readonly declared: readonly ValueInfo[];
  readonly inputs: readonly string[];
  readonly made: readonly string[];
} {
  const control = adaptation?.control;
  if (control === undefined) return { declared: [], inputs: [], made: [] };
  const declared = (partInfo('controlnet')?.inputs ?? []).map((input) =>
    control.own?.includes(input.name) === true ? { ...input, name: controlInput(input.name) } : input,
  );
  const inputs = [...declared.map(({ name }) => name), CONTROL_FIRST, CONTROL_LAST];
  return { declared, inputs, made: Object.values(control.outputs) };
}
