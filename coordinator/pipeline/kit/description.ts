import type { ArgumentName, PipelineArguments } from '../../../common/pipeline-arguments/index.js';
import type { Sound } from '../../../common/audio/index.js';
import type { DecodedImage } from '../../../common/image/index.js';
import type { Tensor } from '../../../common/tensor/index.js';
import type { DenoiseJob } from '../../../execution/index.js';
import type { PredictorAdaptation } from '../../../planner/index.js';
import type { Sampler, SchedulerConfig } from '../../../samplers/index.js';
import type { ModelFolder } from './model-folder.js';
import type { NoiseDraws } from './noise-draws.js';
import type { PartInfo, RunPart, Tokenize } from './parts.js';
import type { Size } from './size-bins.js';

/** What a user asks a pipeline for, in diffusers' words; what is left out takes the pipeline's defaults. */
export interface PipelineCall extends PipelineArguments {
  readonly prompt: string;
  /** Undefined is not the same as '' to every pipeline. */
  readonly negativePrompt?: string | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  readonly numInferenceSteps?: number | undefined;
  readonly guidanceScale?: number | undefined;
  /** As torch.Generator('cpu').manual_seed(seed). Defaults to 0. */
  readonly seed?: number | bigint | undefined;
  /** Defaults to 1. */
  readonly numImagesPerPrompt?: number | undefined;
  /** Name of a sampler in place of the model's own. */
  readonly scheduler?: string | undefined;
  /** Text of a scheduler_config.json in place of the model's own. */
  readonly schedulerConfig?: string | undefined;
  /** Arguments of set_timesteps() and step(), under diffusers' names; they win over the pipeline's own. */
  readonly samplerOptions?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the VAE works in tiles. Defaults to auto: where the whole picture would take too much memory. */
  readonly vaeTiling?: 'auto' | 'on' | 'off' | undefined;
}

/** Which sizes a model draws, pixels. */
export interface SizeRule {
  readonly height: number;
  readonly width: number;
  /** Height and width must be multiples of it. */
  readonly multipleOf: number;
  /** No other size than `height` x `width`: the file has it fixed. */
  readonly fixed: boolean;
}

export interface PipelineDefaults {
  readonly numInferenceSteps: number;
  readonly guidanceScale: number;
}

/** What a pipeline has at hand while it makes a job or a picture. It knows no executor. */
export interface PipelineRun {
  readonly model: ModelFolder;
  readonly call: PipelineCall;
  /** Asked for or default, and checked against the size rule. */
  readonly height: number;
  readonly width: number;
  /** What pictures are brought to after they are drawn, where that is not the size that is drawn. */
  readonly outputSize?: Size | undefined;
  readonly numImages: number;
  readonly numInferenceSteps: number;
  readonly guidanceScale: number;
  /** The predictor as its file declares it, before any adaptation. */
  readonly predictor: PartInfo;
  /** Fresh noise of the job's seed, in diffusers' order. */
  readonly noise: NoiseDraws;
  readonly runPart: RunPart;
  /** Memory of the device that runs parts. */
  readonly partMemoryBytes: number;
  /** What a part takes and gives; undefined where the folder lacks it. */
  readonly partInfo: (part: string) => PartInfo | undefined;
  readonly tokenize: Tokenize;
  /** A weight of a part whose name ends so, float32; undefined where there is none. */
  readonly weight: (part: string, suffix: string) => Promise<Tensor | undefined>;
  /**
   * The sampler of the call: the model's scheduler_config.json (or the call's) with `change` applied, or another class for the same config.
   * Its own fresh noise follows what `noise` draws for the job.
   * @param options arguments of set_timesteps() and step() besides the number of steps, under diffusers' names (`sigmas`, `mu`)
   */
  readonly sampler: (
    change?: (config: SchedulerConfig) => SchedulerConfig,
    options?: Readonly<Record<string, unknown>>,
  ) => Sampler;
  /** The scheduler_config.json of the call, as it stands. */
  readonly schedulerConfig: () => SchedulerConfig;
  /** Tells the user, in one sentence. */
  readonly warn: (message: string) => void;
}

/**
 * What the noise predictor is to compute, as a description gives it. Timesteps left out are the sampler's; conditioning that the file lacks is left
 * aside; latents are packed where the pipeline packs.
 */
export interface PredictorJob
  extends Pick<DenoiseJob, 'sampler' | 'latents' | 'conditioning'>,
    Partial<Pick<DenoiseJob, 'timesteps' | 'guidance'>> {
  /** diffusers calls the predictor for each half of guidance, so a file may take one row only, whatever it declares. */
  readonly rowByRow?: boolean | undefined;
  /** What is done to the predictor's graph before it is cut: inputs joined, outputs turned. */
  readonly adaptation?: PredictorAdaptation | undefined;
  /** Another part of the folder that predicts from this call on, with a guidance of its own. */
  readonly second?: SecondPredictor | undefined;
}

export interface SecondPredictor {
  readonly part: string;
  /** 0: it makes all predictions. As many as there are calls: none. */
  readonly fromCall: number;
  readonly guidance: DenoiseJob['guidance'];
}

export interface VideoShape {
  /** Of each video. */
  readonly frames: number;
  /** Frames a second. */
  readonly fps: number;
}

/** What comes out of a pipeline. */
export interface PipelineOutput {
  /** One for each image; of videos their frames, video after video. */
  readonly pictures: readonly DecodedImage[];
  /** Where the pictures are the frames of videos. */
  readonly video?: VideoShape | undefined;
  /** Where the pipeline makes sound, one for each of the batch. */
  readonly audio?: readonly Sound[] | undefined;
}

/**
 * One kind of pipeline, as data and two functions. A new one is a file in families/ that exports a list called `pipelines`; nothing
 * else names it.
 */
export interface PipelineDescription {
  /** For people: `Stable Diffusion`. */
  readonly name: string;
  /** `_class_name`s of model_index.json in diffusers; Optimum's `ORT...` and the old `Onnx...` follow from them. */
  readonly classNames: readonly string[];
  /** Part that predicts the noise. */
  readonly predictor: 'unet' | 'transformer';
  /** Parts (and tokenizers) without which nothing can be drawn, beside the predictor. */
  readonly needs: readonly string[];
  /** As in diffusers its first latents are scaled by the scheduler's `init_noise_sigma`, which those made for flow matching alone have not. */
  readonly needsNoiseScale?: boolean | undefined;
  /** It cannot begin without `image`. */
  readonly needsPicture?: boolean | undefined;
  /** The arguments that it takes beyond those of PipelineCall itself. */
  readonly takes: readonly ArgumentName[];
  /** As diffusers' __call__ has them: of the pipeline from text, or of the one for a call from a picture. */
  readonly defaults: (model: ModelFolder, call?: PipelineCall) => PipelineDefaults;
  readonly sizes: (model: ModelFolder, partInfo: PipelineRun['partInfo']) => SizeRule;
  /** Edge of the square pictures of a model that draws in sizes it was trained on, and brings them to what was asked for (`use_resolution_binning`). */
  readonly binEdge?: ((model: ModelFolder) => number | undefined) | undefined;
  /** The given picture whose size is drawn, rounded down to what the model takes, where the call says no size. */
  readonly sizedBy?: ((call: PipelineCall) => Uint8Array | undefined) | undefined;
  /** The size that is drawn where the picture of `sizedBy` has this one; the same, rounded down, unless set. */
  readonly sizeFor?: ((picture: Size) => Size) | undefined;
  /** What is drawn for a size that was asked for or is the default, where a file of open axes leaves the choice; the same unless set. */
  readonly fitSize?: ((asked: Size, call: PipelineCall, sizes: SizeRule) => Size) | undefined;
  /** The given picture is read beside what is drawn, in a size of its own. */
  readonly readsPictureApart?: boolean | undefined;
  /** Everything before the first step. Raises `invalid_settings` or `invalid_input` for what the call has wrong. */
  readonly begin: (run: PipelineRun) => Promise<PredictorJob>;
  /** Everything after the last step, from the final latents. Also for previews, from unfinished ones. */
  readonly finish: (run: PipelineRun, latents: Tensor) => Promise<PipelineOutput>;
}
