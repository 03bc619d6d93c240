import type { PlanOptions } from '../common/settings/index.js';
import type { PipelineArguments } from '../common/pipeline-arguments/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { LinkSecurity } from '../rpc/index.js';
import type { RunReport } from './run-report.js';

export interface ClientOptions {
  /** Largest gRPC message, bytes. Defaults to 64 MiB, and must be no more than the coordinator's. */
  readonly maxMessageBytes?: number | undefined;
  /** How the link to the coordinator is protected. Default: plain text. */
  readonly security?: LinkSecurity | undefined;
}

export interface CallOptions {
  /** Aborting it ends the call. A job is cancelled with its call, unless it is detached. */
  readonly signal?: AbortSignal | undefined;
}

export interface JobCallOptions extends CallOptions {
  /** The job goes on when its client leaves or is lost; {@link AsyncDiffClient.attach} follows it. Defaults to false. */
  readonly detached?: boolean | undefined;
}

/** A run whose bits a job is to give again: its report. The job is refused with `replay_impossible` where it would give others. */
export type ReplayedRun = RunIdentityReport & {
  /** Of a run that several predictors made one after another. */
  readonly stages?: readonly (RunIdentityReport &
    Pick<RunReport, 'settings' | 'cuts' | 'inOrderSteps' | 'programChanges'>)[];
};

type RunIdentityReport = Pick<
  RunReport,
  'version' | 'predictorId' | 'programId' | 'inputsSha256' | 'runtimes'
>;

/**
 * What to draw. Arguments beyond the common ones (`strength`, `clipSkip`, `latents`, `image`, ...) have diffusers' names; each pipeline takes
 * some of them (docs/reference/models.md).
 */
export interface GenerateOptions extends JobCallOptions, PipelineArguments {
  readonly prompt: string;
  /** Left out is not the same as empty to SDXL, whose unconditional half is then zeros. */
  readonly negativePrompt?: string | undefined;
  /** Pixels; the model's own size where left out. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  /** T. Defaults to the model's, usually 50. */
  readonly numInferenceSteps?: number | undefined;
  /** Classifier-free guidance; 1 or less for none. Defaults to the model's. */
  readonly guidanceScale?: number | undefined;
  /** Seed of the initial noise, as in `torch.Generator("cpu").manual_seed(seed)`. Defaults to 0. */
  readonly seed?: number | undefined;
  readonly numImagesPerPrompt?: number | undefined;
  /** A sampler's name (`ddim`, `euler_a`, ...) or a diffusers class. Defaults to the scheduler config's. */
  readonly scheduler?: string | undefined;
  /** The text of a scheduler_config.json. Defaults to the model's. */
  readonly schedulerConfig?: string | undefined;
  /** Arguments of diffusers' set_timesteps() and step(): `{ eta: 0.5 }`. Each sampler takes some. */
  readonly samplerOptions?: Readonly<Record<string, unknown>> | undefined;
  /** Send a preview picture every so many steps. */
  readonly previewEvery?: number | undefined;
  /** Whether pictures go through the VAE in tiles, as diffusers' `enable_vae_tiling()`. Defaults to `auto`: where one would take too much memory. */
  readonly vaeTiling?: 'auto' | 'on' | 'off' | undefined;
  /** `np`: pictures come as .npy files, float32 [height, width, 3] in [0, 1], before they are rounded. Defaults to `png`. */
  readonly outputType?: 'png' | 'np' | undefined;
  /** Record a timeline of all hosts. */
  readonly trace?: boolean | undefined;
  /** Run the program on the simulator as well, for `report.simulatedSeconds`. */
  readonly simulate?: boolean | undefined;
  readonly plan?: PlanOptions | undefined;
  /** With the settings of that run as `plan`: {@link replayPlan}. */
  readonly replay?: ReplayedRun | undefined;
}

export interface DenoiseOptions extends JobCallOptions {
  /** Content address of the noise predictor: what {@link AsyncDiffClient.uploadModel} gave. Empty on declared devices. */
  readonly modelSha256: string;
  /** The text of a scheduler_config.json. */
  readonly schedulerConfig: string;
  /** Another sampler for the same model: a name or a diffusers class. Defaults to the scheduler config's. */
  readonly scheduler?: string | undefined;
  /** Arguments of diffusers' set_timesteps() and step(): `{ eta: 0.5 }`. Each sampler takes some. */
  readonly samplerOptions?: Readonly<Record<string, unknown>> | undefined;
  /** Seed of the noise that some samplers draw in their steps. Defaults to 0. */
  readonly seed?: number | undefined;
  /** May be left out with explicit `sigmas` or `timesteps` among the sampler's options. */
  readonly numInferenceSteps?: number | undefined;
  readonly guidanceScale?: number | undefined;
  /** Latents of step 0 (under the graph's own name for them, or `sample`) and the conditioning, by graph-input name. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The predictor is fed the sampler's timesteps times this: 0.001 where it counts from 0 to 1. Defaults to 1. */
  readonly timestepScale?: number | undefined;
  /** Which output predicts which of several latents; left out, where there are several, they are told by shapes and names. */
  readonly joint?: readonly { readonly input: string; readonly output: string }[] | undefined;
  /** Send latents and noise prediction of every step. */
  readonly sendSteps?: boolean | undefined;
  readonly trace?: boolean | undefined;
  /** Run the program on the simulator as well, for `report.simulatedSeconds`. */
  readonly simulate?: boolean | undefined;
  readonly plan?: PlanOptions | undefined;
  /** With the settings of that run as `plan`: {@link replayPlan}. */
  readonly replay?: ReplayedRun | undefined;
}
