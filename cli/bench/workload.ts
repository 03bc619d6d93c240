import { batchRepeatOf, guidanceOf } from '../../common/guidance/index.js';
import type { AsyncDiffClient, GenerateOptions, JobEvent, PlanOptions } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { TorchGenerator } from '../../common/random/index.js';
import { parseDType, type Tensor, zeros } from '../../common/tensor/index.js';
import type { Sample } from './sample.js';

/** A shape that a declared predictor takes, as GetStatus tells it. */
interface DeclaredInputs {
  readonly batch: number;
  readonly sampleInput: string;
  readonly timestepInput: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
}

export interface RunSettings {
  readonly numInferenceSteps: number;
  readonly plan: PlanOptions;
  readonly trace: boolean;
  readonly signal: AbortSignal;
  readonly onStep: (step: number, steps: number) => void;
  readonly onWarning: (text: string) => void;
}

/** What is run again and again: the same prompt and seed, or the same latents. */
export interface Workload {
  /** For titles. */
  readonly label: string;
  run(settings: RunSettings): Promise<Sample>;
}

interface TextToImage
  extends Pick<
    GenerateOptions,
    'prompt' | 'guidanceScale' | 'scheduler' | 'schedulerConfig' | 'samplerOptions' | 'outputType'
  > {
  readonly label: string;
  readonly seed: number;
}

/** Draws one picture with the coordinator's model. */
export function textToImage(client: AsyncDiffClient, options: TextToImage): Workload {
  const { label, ...request } = options;
  return {
    label,
    run: ({ numInferenceSteps, plan, trace, signal, ...listeners }) =>
      finish(
        client.generate({ ...request, numInferenceSteps, plan, trace, simulate: true, signal }),
        listeners,
      ),
  };
}

/** Stable Diffusion's own. What it computes does not matter: declared devices predict zeros. */
const SCHEDULER = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  prediction_type: 'epsilon',
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
};

interface DeclaredWorkload {
  readonly label: string;
  readonly device: DeclaredInputs;
  readonly guidanceScale: number;
  readonly seed: number;
}

/**
 * Denoises latents of the shapes that a declared device takes; no model is needed.
 * @throws AsyncDiffError invalid_settings where guidance is asked for and the profile's batch is odd
 */
export function declaredDenoise(client: AsyncDiffClient, options: DeclaredWorkload): Workload {
  const { label, guidanceScale } = options;
  const inputs = declaredInputs(options);
  return {
    label,
    run: ({ numInferenceSteps, plan, trace, signal, ...listeners }) =>
      finish(
        client.denoise({
          modelSha256: '',
          schedulerConfig: JSON.stringify(SCHEDULER),
          numInferenceSteps,
          guidanceScale,
          inputs,
          plan,
          trace,
          simulate: true,
          signal,
        }),
        listeners,
      ),
  };
}

/** Latents drawn from the seed, and conditioning of zeros; with guidance the latents are half of the predictor's batch. */
export function declaredInputs({ device, guidanceScale, seed }: DeclaredWorkload): Record<string, Tensor> {
  const { batch, sampleInput, timestepInput, inputs } = device;
  if (guidanceOf(guidanceScale) !== undefined && batch % 2 !== 0) {
    throw new AsyncDiffError(
      'invalid_settings',
      `guidance-scale is ${guidanceScale}, but the declared device's batch is ${batch}`,
      { hint: 'Guidance doubles the batch: use --guidance-scale 1, or a profile of batch 2.' },
    );
  }
  const repeat = batchRepeatOf(guidanceOf(guidanceScale));
  const tensors: Record<string, Tensor> = {};
  for (const { name, dtype, dims } of inputs) {
    const [first = 1, ...rest] = dims;
    if (name === sampleInput) tensors['sample'] = new TorchGenerator(seed).randn([first / repeat, ...rest]);
    else if (name !== timestepInput) tensors[name] = zeros(parseDType(dtype, `input "${name}"`), dims);
  }
  return tensors;
}

async function finish(
  events: AsyncIterable<JobEvent>,
  { onStep, onWarning }: Pick<RunSettings, 'onStep' | 'onWarning'>,
): Promise<Sample> {
  for await (const event of events) {
    if (event.type === 'progress') onStep(event.step, event.steps);
    else if (event.type === 'warning') onWarning(event.message);
    else if (event.type === 'done') {
      const { report, latents, images, trace } = event;
      return { report, latents, images, trace };
    }
  }
  throw new AsyncDiffError('internal', 'the job ended without a result');
}
