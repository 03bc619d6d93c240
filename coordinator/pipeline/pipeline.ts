import { AsyncDiffError } from '../../common/errors/index.js';
import { hostMemoryBytes } from '../../common/host-memory.js';
import { ThreadClient } from '../../common/threads/index.js';
import type { RgbImage } from '../../common/image/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { defaultWorkDir, type WholeModel } from '../../planner/index.js';
import { checkStandIn, parseSchedulerConfig } from '../../samplers/index.js';
import { FolderFiles } from './folder-files.js';
import { checkNoiseScale } from './noise-scale.js';
import { checkCall, type CheckedCall } from './check-call.js';
import {
  type ModelFolder,
  type NoiseDraws,
  type PartInfo,
  type PipelineCall,
  type PipelineDefaults,
  type PipelineDescription,
  type PipelineOutput,
  rowOf,
  type RunPart,
  SeededDraws,
  type SizeRule,
  type Tokenize,
  vaeWorkBytes,
  whyNoTiles,
} from './kit/index.js';
import { openModelFolder } from './model-folder.js';
import { type CompleteJob, completeJob } from './predictor-job.js';
import { findPipeline } from './registry.js';
import type { PartRunner } from './part-runner.js';
import type { PartCalls, PartThreadData } from './thread-messages.js';
import { callSampler, withNoise } from './call-sampler.js';
import { predictorStages } from './predictor-stages.js';
import { stretchedPicture } from './stretched-picture.js';

interface PipelineOptions {
  /** ONNX Runtime's, for each part that runs in this process. */
  readonly threads: number;
  /** Where graphs for workers are written. Default: that of plans. */
  readonly workDir?: string | undefined;
}

export interface BegunCall extends CompleteJob {
  /** What follows, with the latents and the sampler's history that are then: another predictor's steps. Usually nothing. */
  readonly next: readonly CompleteJob[];
  /** Sizes, steps and guidance with the defaults filled in. */
  readonly settings: CheckedCall;
  readonly warnings: readonly string[];
  /** The final latents to what the user gets. */
  readonly finish: (latents: Tensor) => Promise<PipelineOutput>;
  /** The first picture of unfinished latents. */
  readonly preview: (latents: Tensor) => Promise<RgbImage>;
}

/**
 * What surrounds the noise predictor of a model folder: the description of its pipeline, and its tokenizers in a thread of their own. Text encoders and
 * VAE run where the `PartRunner` of a call says. The noise predictor itself is not opened here: see `predictorPath`.
 */
export class Pipeline {
  readonly folder: ModelFolder;
  readonly description: PipelineDescription;
  readonly defaults: PipelineDefaults;
  readonly sizes: SizeRule;
  readonly #infos: Readonly<Record<string, PartInfo>>;
  readonly #files: FolderFiles;
  readonly #thread: ThreadClient<PartCalls>;

  private constructor(
    folder: ModelFolder,
    description: PipelineDescription,
    infos: Readonly<Record<string, PartInfo>>,
    files: FolderFiles,
    thread: ThreadClient<PartCalls>,
  ) {
    this.folder = folder;
    this.description = description;
    this.#infos = infos;
    this.#files = files;
    this.#thread = thread;
    this.defaults = description.defaults(folder);
    this.sizes = description.sizes(folder, (part) => infos[part]);
  }

  /** Raises `model_not_found`, `model_invalid` or `model_unsupported`. */
  static async open(modelDir: string, options: PipelineOptions): Promise<Pipeline> {
    const { threads, workDir = defaultWorkDir() } = options;
    const folder = openModelFolder(modelDir);
    const description = await findPipeline(folder);
    const { predictor, needs } = description;
    const files = await FolderFiles.read(folder, predictor);
    const thread = new ThreadClient<PartCalls>({
      file: 'coordinator/pipeline/part-thread.js',
      name: 'parts',
      workerData: { folder, predictor, needs, threads, workDir } satisfies PartThreadData,
    });
    try {
      return new Pipeline(folder, description, await thread.call('open', undefined), files, thread);
    } catch (error) {
      await thread.stop();
      throw error;
    }
  }

  /** Runs parts in a thread of this process: where workers are declared devices, and for tests. */
  get local(): PartRunner {
    return {
      memoryBytes: hostMemoryBytes(),
      run: ({ part, inputs, outputs }) => this.#thread.call('run', { part, inputs, outputs }),
    };
  }

  /** A part by content, for a worker. Raises `model_invalid`, `file_not_found`. */
  exportPart(part: string): Promise<WholeModel> {
    return this.#thread.call('model', { part });
  }

  /** The noise predictor's ONNX file (a U-Net or a transformer). */
  get predictorPath(): string {
    return this.folder.parts[this.description.predictor]?.path ?? '';
  }

  /**
   * A call with its defaults, and what can be said against it before anything is computed for it.
   * Raises `invalid_settings` and `invalid_input` for what the call has wrong, `scheduler_unsupported`, and `model_invalid` where the folder has changed.
   */
  async check(call: PipelineCall): Promise<CheckedCall> {
    await this.#files.check();
    const { description, folder } = this;
    const defaults = description.defaults(folder, call);
    const checked = await checkCall(call, description, this.sizes, defaults, description.binEdge?.(folder));
    const config = parseSchedulerConfig(call.schedulerConfig || this.folder.schedulerConfigText);
    if (call.scheduler) checkStandIn(call.scheduler, config);
    if (description.needsNoiseScale === true) checkNoiseScale(description.name, config, call.scheduler);
    return checked;
  }

  /**
   * Everything before the first step: prompts to embeddings, noise to latents, the sampler.
   * @param draws noise in place of that of the seed, for runs that are held against recordings
   * @param runner who runs the parts; this process unless set
   * @param known what {@link check} gave for this call, where it was asked
   * Raises `invalid_settings` and `invalid_input` for what the call has wrong, `scheduler_unsupported`.
   */
  async begin(
    call: PipelineCall,
    draws: NoiseDraws = new SeededDraws(call.seed ?? 0),
    runner: PartRunner = this.local,
    known?: CheckedCall,
  ): Promise<BegunCall> {
    const { description, folder } = this;
    const checked = known ?? (await this.check(call));
    const warnings = [
      ...missingConfigs(folder, [description.predictor, ...description.needs]),
      ...(await stretchedPicture(call, description, checked)),
    ];
    const runPart: RunPart = (part, inputs, outputs) => {
      const [input] = Object.values(inputs).filter(({ dims }) => dims.length === 4);
      const workBytes = vaeWorkBytes(folder, part, input?.dims ?? []);
      return runner.run({ part, inputs, outputs, workBytes });
    };
    const tokenize: Tokenize = (tokenizer, text, options) =>
      this.#thread.call('tokenize', { tokenizer, text, options });
    const predictor = this.#infos[description.predictor] ?? { inputs: [], outputs: [] };
    const run = {
      ...checked,
      model: folder,
      call,
      predictor,
      noise: draws,
      runPart,
      partMemoryBytes: runner.memoryBytes,
      tokenize,
      weight: (part: string, suffix: string) => this.#thread.call('weight', { part, suffix }),
      partInfo: (part: string) => this.#infos[part],
      sampler: callSampler(folder, call, stepsOf(call, checked.numInferenceSteps)),
      schedulerConfig: () => parseSchedulerConfig(call.schedulerConfig || folder.schedulerConfigText),
      warn: (message: string) => warnings.push(message),
    };
    const noTiles = call.vaeTiling === 'on' ? whyNoTiles(run) : undefined;
    if (noTiles !== undefined) run.warn(`pictures are not decoded in tiles: ${noTiles}`);
    const job = await description.begin(run);
    const [first, ...next] = predictorStages(job, description.predictor).map(({ part, job: own, span }) =>
      completeJob(
        { ...own, sampler: withNoise(own.sampler, draws, span) },
        this.#infos[part] ?? predictor,
        folder.parts[part]?.path ?? '',
        run.partInfo,
      ),
    ) as [CompleteJob, ...CompleteJob[]];
    return {
      ...first,
      next,
      settings: checked,
      warnings,
      finish: (latents) => description.finish(run, latents),
      preview: async (latents) => {
        const { pictures } = await description.finish(run, rowOf(latents, 0));
        const [first] = pictures;
        if (first === undefined) throw new AsyncDiffError('internal', 'the pipeline gave no picture');
        return first;
      },
    };
  }

  /** Ends the thread; calls that wait for it fail with `cancelled`. */
  async close(): Promise<void> {
    await this.#thread.stop();
  }
}

/** One warning for all parts of a pipeline without a config.json; none where each has one. */
function missingConfigs({ parts }: ModelFolder, names: readonly string[]): string[] {
  const missing = names.flatMap((name) => {
    const part = parts[name];
    return part === undefined || Object.keys(part.config).length > 0 ? [] : part.configName;
  });
  if (missing.length === 0) return [];
  return [
    `the model folder has no ${[...new Set(missing)].join(', no ')}: what would stand there is read from the graphs or counts as in diffusers' defaults`,
  ];
}

/** Explicit noise levels say how many steps there are, unless the call says it as well. */
function stepsOf(
  { numInferenceSteps, samplerOptions = {} }: PipelineCall,
  fallback: number,
): number | undefined {
  const isExplicit = samplerOptions['sigmas'] !== undefined || samplerOptions['timesteps'] !== undefined;
  return numInferenceSteps ?? (isExplicit ? undefined : fallback);
}
