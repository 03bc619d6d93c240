import { randomUUID } from 'node:crypto';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { AsyncDiffError } from '../common/errors/index.js';
import { ARGUMENT_NAMES, type PipelineArguments } from '../common/pipeline-arguments/index.js';
import type { Tensor } from '../common/tensor/index.js';
import type { PlanOptions } from '../common/settings/index.js';
import {
  type CoordinatorChannel,
  coordinatorService,
  formatAddress,
  type LinkSecurity,
  messages,
  openCoordinatorChannel,
  parseAddress,
  toArgumentMessages,
  toPlanSettingsMessage,
  toTensorMessages,
  unary,
  withJobSettings,
} from '../rpc/index.js';
import type { JobEvent__Output } from '../rpc/gen/asyncdiff/v1/JobEvent.js';
import type { ClusterStatus } from './cluster-status.js';
import type { JobSummary } from './job-summary.js';
import { readEvent, type JobEvent } from './job-event.js';
import { Job } from './job.js';
import type { RunReport } from './run-report.js';
import type { PlanDocument } from './plan-document.js';

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

export interface JobOptions extends CallOptions {
  /** The job goes on when its client leaves or is lost; {@link AsyncDiffClient.attach} follows it. Defaults to false. */
  readonly detached?: boolean | undefined;
}

/** A run whose bits a job is to give again: its report. The job is refused with `replay_impossible` where it would give others. */
export type ReplayedRun = Pick<
  RunReport,
  'version' | 'predictorId' | 'programId' | 'inputsSha256' | 'runtimes'
>;

/**
 * What to draw. Arguments beyond the common ones (`strength`, `clipSkip`, `latents`, `image`, ...) have diffusers' names; each pipeline takes
 * some of them (docs/reference/models.md).
 */
export interface GenerateOptions extends JobOptions, PipelineArguments {
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

export interface DenoiseOptions extends JobOptions {
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
  /** Send latents and noise prediction of every step. */
  readonly sendSteps?: boolean | undefined;
  readonly trace?: boolean | undefined;
  /** Run the program on the simulator as well, for `report.simulatedSeconds`. */
  readonly simulate?: boolean | undefined;
  readonly plan?: PlanOptions | undefined;
  /** With the settings of that run as `plan`: {@link replayPlan}. */
  readonly replay?: ReplayedRun | undefined;
}

/**
 * Talks to a coordinator. It connects with its first call.
 *
 *     await using client = new AsyncDiffClient('localhost:50051');
 *     const { images } = await client.generate({ prompt: 'red apple' }).result();
 *     await writeFile('apple.png', images[0]);
 */
export class AsyncDiffClient implements AsyncDisposable {
  readonly #client: CoordinatorChannel;
  readonly #address: string;
  readonly #closed = new AbortController();

  /**
   * @param address the coordinator's HOST:PORT.
   * @throws AsyncDiffError `address_invalid`
   */
  constructor(address: string, options: ClientOptions = {}) {
    this.#address = formatAddress(parseAddress(address));
    this.#client = openCoordinatorChannel(this.#address, {
      security: options.security,
      settings: { maxMessageBytes: options.maxMessageBytes },
    });
  }

  /** Text to image with the coordinator's model. */
  generate(options: GenerateOptions): Job {
    const { plan, signal, trace = false, detached = false, samplerOptions, replay, ...request } = options;
    const jobId = randomUUID();
    const message = {
      ...withJobSettings(defined(withoutArguments(request))),
      arguments: toArgumentMessages(request),
      samplerOptions: toJson(samplerOptions),
      trace,
      detached,
      jobId,
      plan: toPlanSettingsMessage(plan),
      replay: toReplayMessage(replay),
    };
    return this.#job(jobId, this.#client.generate(message), signal);
  }

  /** Denoises given latents with any noise predictor. */
  denoise(options: DenoiseOptions): Job {
    const {
      plan,
      signal,
      inputs,
      samplerOptions,
      timestepScale,
      detached = false,
      replay,
      ...request
    } = options;
    const jobId = randomUUID();
    return this.#job(
      jobId,
      this.#client.denoise({
        ...withJobSettings(defined(request)),
        samplerOptions: toJson(samplerOptions),
        inputs: toTensorMessages(inputs),
        ...(timestepScale === undefined ? {} : { timestepScale }),
        detached,
        jobId,
        plan: toPlanSettingsMessage(plan),
        replay: toReplayMessage(replay),
      }),
      signal,
    );
  }

  /**
   * Follows a job that waits, runs or has ended lately, from any process that has its id: the events begin with where it
   * stands, but for tensors of steps that are over. Leaving it does not cancel it.
   *
   * Its result rejects with `job_not_found` for an id that the coordinator does not know: it keeps the last 64 results, of 128 MiB in all.
   */
  attach(jobId: string, options: CallOptions = {}): Job {
    return this.#job(jobId, this.#client.attachJob({ jobId }), options.signal);
  }

  /** Stores a noise predictor on the coordinator unless it has it; its content address. */
  async uploadModel(modelPath: string, options: CallOptions = {}): Promise<string> {
    // Reading model files takes a protobuf schema that other calls do not need.
    const { uploadModel } = await import('./upload-model.js');
    return uploadModel(this.#client, modelPath, options.signal);
  }

  /** How a job would be spread over the workers there are: the document of `asyncdiff plan --json`. */
  async plan(
    request: {
      modelSha256?: string;
      inputShapes?: Readonly<Record<string, readonly number[]>>;
      plan?: PlanOptions;
    },
    options: CallOptions = {},
  ): Promise<PlanDocument> {
    const inputShapes = Object.fromEntries(
      Object.entries(request.inputShapes ?? {}).map(([name, dims]) => [name, { dims: [...dims] }]),
    );
    const response = await unary(
      this.#client,
      coordinatorService().Plan,
      { modelSha256: request.modelSha256 ?? '', inputShapes, plan: toPlanSettingsMessage(request.plan) },
      options,
    );
    return JSON.parse(response.json) as PlanDocument;
  }

  /** Workers, queue and versions. */
  status(options: CallOptions = {}): Promise<ClusterStatus> {
    return unary(this.#client, coordinatorService().GetStatus, {}, { ...options, deadlineMs: 10_000 });
  }

  /** This client's jobs that wait, run or have ended lately, the newest first: the last 64 results are kept. */
  async jobs(options: CallOptions = {}): Promise<readonly JobSummary[]> {
    const method = coordinatorService().ListJobs;
    return (await unary(this.#client, method, {}, { ...options, deadlineMs: 10_000 })).jobs;
  }

  /** Cancels a job by its id; false if there is none of that name. */
  async cancel(jobId: string, options: CallOptions = {}): Promise<boolean> {
    return (await unary(this.#client, coordinatorService().CancelJob, { jobId }, options)).found;
  }

  /** Closes the connection; jobs that run are cancelled, but for detached ones. */
  close(): void {
    this.#closed.abort(new AsyncDiffError('cancelled', 'the client was closed'));
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #job(jobId: string, call: ClientReadableStream<JobEvent__Output>, signal: AbortSignal | undefined): Job {
    const signals = [this.#closed.signal, ...(signal === undefined ? [] : [signal])];
    return new Job({
      jobId,
      events: (stop) => this.#events(messages(call, { signal: AbortSignal.any([...signals, stop]) })),
      cancel: () => this.cancel(jobId),
    });
  }

  async *#events(received: AsyncIterable<JobEvent__Output>): AsyncGenerator<JobEvent, void, undefined> {
    try {
      for await (const message of received) yield readEvent(message);
    } catch (error) {
      const own = AsyncDiffError.from(error);
      if (own.code !== 'coordinator_unreachable') throw own;
      throw new AsyncDiffError(
        'coordinator_unreachable',
        `no coordinator at ${this.#address}: ${own.rawMessage}`,
        { cause: own },
      );
    }
  }
}

/** What has fields of its own in a request. */
function withoutArguments<T extends PipelineArguments>(request: T): Omit<T, keyof PipelineArguments> {
  const names: readonly string[] = ARGUMENT_NAMES;
  return Object.fromEntries(Object.entries(request).filter(([name]) => !names.includes(name))) as never;
}

/** gRPC's types know no `undefined`: a field that was left out must not be there. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function toReplayMessage(run: ReplayedRun | undefined) {
  if (run === undefined) return null;
  const { version, predictorId, programId, inputsSha256, runtimes } = run;
  return { version, predictorId, programId, inputsSha256, runtimes: [...runtimes] };
}

function toJson(options: Readonly<Record<string, unknown>> | undefined): string {
  return options === undefined || Object.keys(options).length === 0 ? '' : JSON.stringify(options);
}
