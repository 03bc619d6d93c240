import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { MethodDefinition } from '@grpc/proto-loader';
import { AsyncDiffError } from '../common/errors/index.js';
import type { PlanOptions } from '../common/settings/index.js';
import {
  type CoordinatorChannel,
  coordinatorService,
  formatAddress,
  messages,
  openCoordinatorChannel,
  parseAddress,
  toPlanSettingsMessage,
  withJobSettings,
  unary,
  type UnaryOptions,
} from '../rpc/index.js';
import type { CallOptions, ClientOptions, DenoiseOptions, GenerateOptions } from './client-options.js';
import type { ClusterStatus } from './cluster-status.js';
import type { JobEvent } from './job-event.js';
import { Job } from './job.js';
import type { JobSummary } from './job-summary.js';
import { readEvent, toDenoiseRequest, toGenerateRequest, withOutputs } from './messages.js';
import type { RunOptions } from './run-list.js';
import type { PlanDocument } from './plan-document.js';

/** Long enough for an answer that needs no work. */
const GLANCE_MS = 10_000;

/** A call that tells how a job goes. */
type EventCall = ReturnType<CoordinatorChannel['attachJob']>;
type EventMessage = Parameters<typeof readEvent>[0];

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
    // Every call listens while it is under way.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Text to image with the coordinator's model. */
  generate(options: GenerateOptions): Job {
    const jobId = randomUUID();
    return this.#job(jobId, this.#client.generate(toGenerateRequest(options, jobId)), options.signal);
  }

  /** Denoises given latents with any noise predictor. */
  denoise(options: DenoiseOptions): Job {
    const jobId = randomUUID();
    return this.#job(jobId, this.#client.denoise(toDenoiseRequest(options, jobId)), options.signal);
  }

  /** Runs a single-pass model (one without a sampler) over a list of items, as a pipeline; its outputs come as events, and all with the result. */
  run(options: RunOptions): Job {
    const jobId = randomUUID();
    const call = this.#client.run();
    const job = this.#job(jobId, call, options.signal, withOutputs);
    // Few programs run lists.
    import('./run-list.js').then(({ sendRun }) => sendRun(call, jobId, options)).catch(() => call.cancel());
    return job;
  }

  /**
   * Follows a job that waits, runs or has ended lately, from any process that has its id: the events begin with where it
   * stands, but for tensors of steps that are over, and with every item of a run that was submitted as detached. Leaving it does not cancel it.
   *
   * Its result rejects with `job_not_found` for an id that the coordinator does not know: it keeps the last 64 results, of 128 MiB in all.
   */
  attach(jobId: string, options: CallOptions = {}): Job {
    return this.#job(jobId, this.#client.attachJob({ jobId }), options.signal, withOutputs);
  }

  /** Stores a noise predictor on the coordinator unless it has it; its content address. */
  async uploadModel(modelPath: string, options: CallOptions = {}): Promise<string> {
    // Reading model files takes a protobuf schema that other calls do not need.
    const { uploadModel } = await import('./upload-model.js');
    return uploadModel(this.#client, modelPath, this.#until(options).signal);
  }

  /** How a job would be spread over the workers there are: the document of `asyncdiff plan --json`. */
  async plan(
    request: {
      modelSha256?: string;
      inputShapes?: Readonly<Record<string, readonly number[]>>;
      plan?: PlanOptions;
      /** Of the job that is planned for; default 50. */
      numInferenceSteps?: number;
      /** Its guidance: above 1 the shapes are those of [unconditional; conditional]. Default: none, or 2 with `guidanceSplit: 'on'`. */
      guidanceScale?: number;
    },
    options: CallOptions = {},
  ): Promise<PlanDocument> {
    const inputShapes = Object.fromEntries(
      Object.entries(request.inputShapes ?? {}).map(([name, dims]) => [name, { dims: [...dims] }]),
    );
    const message = withJobSettings({
      modelSha256: request.modelSha256 ?? '',
      inputShapes,
      plan: toPlanSettingsMessage(request.plan),
      numInferenceSteps: request.numInferenceSteps,
      guidanceScale: request.guidanceScale,
    });
    const { json } = await this.#ask(coordinatorService().Plan, message, options);
    return JSON.parse(json) as PlanDocument;
  }

  /** Workers, queue and versions. */
  status(options: CallOptions = {}): Promise<ClusterStatus> {
    return this.#ask(coordinatorService().GetStatus, {}, { ...options, deadlineMs: GLANCE_MS });
  }

  /** This client's jobs that wait, run or have ended lately, the newest first: the last 64 results are kept. */
  async jobs(options: CallOptions = {}): Promise<readonly JobSummary[]> {
    const glance = { ...options, deadlineMs: GLANCE_MS };
    return (await this.#ask(coordinatorService().ListJobs, {}, glance)).jobs;
  }

  /** Cancels a job by its id; false if there is none of that name. */
  async cancel(jobId: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.#ask(coordinatorService().CancelJob, { jobId }, options)).found;
  }

  /** Closes the connection: uploads and calls that are under way end with `cancelled`, and jobs that run with them, but for detached ones. */
  close(): void {
    this.#closed.abort(new AsyncDiffError('cancelled', 'the client was closed'));
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #ask<Req, ReqOut, Res, ResOut>(
    method: MethodDefinition<Req, Res, ReqOut, ResOut>,
    request: Req,
    options: UnaryOptions,
  ): Promise<ResOut> {
    try {
      return await unary(this.#client, method, request, { ...options, ...this.#until(options) });
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** A call ends with the client, if not before. */
  #until({ signal }: CallOptions): { readonly signal: AbortSignal } {
    return {
      signal: signal === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, signal]),
    };
  }

  #job(
    jobId: string,
    call: EventCall,
    signal: AbortSignal | undefined,
    through: (events: AsyncIterable<JobEvent>) => AsyncIterable<JobEvent> = (events) => events,
  ): Job {
    const until = this.#until({ signal });
    return new Job({
      jobId,
      events: (stop) =>
        through(this.#events(messages(call, { signal: AbortSignal.any([until.signal, stop]) }))),
      cancel: () => this.cancel(jobId),
    });
  }

  async *#events(received: AsyncIterable<EventMessage>): AsyncGenerator<JobEvent, void, undefined> {
    try {
      for await (const message of received) yield readEvent(message);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Where nobody answers, an error says at which address. */
  #told(error: unknown): AsyncDiffError {
    const own = AsyncDiffError.from(error);
    if (own.code !== 'coordinator_unreachable') return own;
    return new AsyncDiffError(
      'coordinator_unreachable',
      `no coordinator at ${this.#address}: ${own.rawMessage}`,
      { cause: own },
    );
  }
}
