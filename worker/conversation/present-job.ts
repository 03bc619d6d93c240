import { AsyncDiffError } from '../../common/errors/index.js';
import { stackOf } from '../../common/wire-error.js';
import {
  fromGuidanceMessage,
  fromIssueRound,
  fromSamplerMessage,
  fromUnread,
  toFault,
  toJobReport,
  toSamplerState,
} from '../../protocol/index.js';
import { fromTensorMessage, fromTensorMessages, toTensorMessage } from '../../rpc/index.js';
import type { EndJob__Output } from '../../rpc/gen/asyncdiff/v1/EndJob.js';
import type { IssueRound__Output } from '../../rpc/gen/asyncdiff/v1/IssueRound.js';
import type { Latents__Output } from '../../rpc/gen/asyncdiff/v1/Latents.js';
import type { RelayCredit__Output } from '../../rpc/gen/asyncdiff/v1/RelayCredit.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { StartJob__Output } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import { sumBytes } from '../inference/index.js';
import type { Inference, InferenceEvent, InferenceReport } from '../inference/index.js';
import type { WorkerLog } from '../log.js';
import type { DeployedPart, PartContext } from './deployed-part.js';

export interface PresentJobOptions extends Pick<PartContext, 'send'> {
  readonly inference: Pick<Inference, 'start' | 'round' | 'end' | 'tensor'>;
  readonly onJobEnded: (jobId: string, report: InferenceReport) => void;
  readonly log: Pick<WorkerLog, 'warn'>;
  /** Largest message that goes to the coordinator. */
  readonly maxMessageBytes: number;
}

/** An attempt, as messages and events name it. */
interface Named {
  readonly jobId: string;
  readonly attempt: number;
}

interface RunningJob extends Named {
  readonly part: DeployedPart;
}

/** Bytes of a message besides its tensors, at most. */
const HEADER_BYTES = 64 << 10;

const NOTHING: InferenceReport = Object.freeze({
  computeMs: 0,
  waitMs: 0,
  segmentMs: {},
  spans: [],
  sentBytes: {},
  receivedBytes: {},
});

/** The attempt of a job that runs here, if one does. What is of another one does nothing. */
export class PresentJob {
  readonly #options: PresentJobOptions;
  #job: RunningJob | undefined;
  /** Jobs that have ended, and of which the coordinator has not been told yet. */
  #endings = 0;

  constructor(options: PresentJobOptions) {
    this.#options = options;
  }

  /** Whether one runs, or one that has ended has yet to be reported. */
  get busy(): boolean {
    return this.#job !== undefined || this.#endings > 0;
  }

  /** @param part the open part of its deployment, or what became of that */
  start(message: StartJob__Output, part: DeployedPart | undefined): void {
    const { jobId, attempt, deploymentId, trace, sampler, conditioning, ...rest } = message;
    if (part?.state !== 'open') {
      const gone = new AsyncDiffError(
        'worker_lost',
        `deployment ${deploymentId} is ${part?.state ?? 'not here'}`,
      );
      this.#fault({ jobId, attempt }, gone);
      return;
    }
    const { timesteps, guidance } = rest;
    part.begin(message);
    this.#job = { jobId, attempt, part };
    this.#options.inference.start({
      jobId,
      attempt,
      deploymentId,
      timesteps,
      guidance: guidance === null ? undefined : fromGuidanceMessage(guidance),
      trace,
      conditioning: fromTensorMessages(conditioning),
      sampler: sampler === null ? undefined : fromSamplerMessage(sampler),
    });
    this.#options.send({ jobStarted: { jobId, attempt } });
  }

  /** Ends an attempt, and tells the coordinator what it took. */
  async end({ jobId, attempt, discard }: EndJob__Output): Promise<void> {
    const job = this.#current({ jobId, attempt });
    if (job !== undefined) this.#job = undefined;
    this.#endings++;
    try {
      const ending = this.#options.inference.end(jobId, attempt);
      // A cancelled attempt has nothing to report: the run in progress is not waited for.
      if (discard) ending.catch(() => undefined);
      const report = discard || job === undefined ? NOTHING : await ending;
      const moved = job?.part.traffic.report() ?? { sentBytes: {}, spans: [] };
      this.#options.onJobEnded(jobId, report);
      this.#options.send({
        jobReport: toJobReport(jobId, attempt, {
          ...report,
          sentBytes: sumBytes(report.sentBytes, moved.sentBytes),
          spans: [...report.spans, ...moved.spans],
        }),
      });
    } catch (error) {
      this.#fault({ jobId, attempt }, AsyncDiffError.from(error, 'worker_failed'));
    } finally {
      this.#endings--;
    }
  }

  issue(message: IssueRound__Output): void {
    const { jobId, attempt } = message;
    const job = this.#current(message);
    if (job === undefined) return;
    const round = fromIssueRound(message, job.part.specs);
    this.#options.inference.round({ jobId, attempt, round, unread: fromUnread(message.unread) });
  }

  latents(message: Latents__Output): void {
    const { jobId, attempt, name, version, tensor } = message;
    if (this.#current(message) === undefined) return;
    const latents = fromTensorMessage(tensor, `${name} of step ${version}`);
    this.#options.inference.tensor(jobId, attempt, name, version, latents);
  }

  credit(message: RelayCredit__Output): void {
    this.#current(message)?.part.credit(message.workerId, message.bytes);
  }

  async relayed({ frame, fromWorkerId }: RelayedFrame__Output): Promise<void> {
    const job = frame === null ? undefined : this.#current(frame);
    if (frame === null || job === undefined) return;
    try {
      await job.part.takeRelayed(frame, fromWorkerId);
    } catch (error) {
      // Of the worker that made it; the coordinator, which only handed it on, goes on being heard.
      this.#fault(job, AsyncDiffError.from(error));
    }
  }

  /** From the inference thread. */
  noise({ jobId, attempt, step, tensor }: Extract<InferenceEvent, { type: 'noise' }>): void {
    const noisePrediction = { jobId, attempt, step, tensor: toTensorMessage(tensor) };
    const what = `the noise prediction of step ${step}`;
    this.#tell({ jobId, attempt }, { noisePrediction }, [tensor.data], what);
  }

  output({ jobId, attempt, item, name, tensor }: Extract<InferenceEvent, { type: 'output' }>): void {
    const itemOutput = { jobId, attempt, item, name, tensor: toTensorMessage(tensor) };
    this.#tell({ jobId, attempt }, { itemOutput }, [tensor.data], `"${name}" of item ${item}`);
  }

  roundDone({
    jobId,
    attempt,
    lastStep,
    state,
    held,
  }: Extract<InferenceEvent, { type: 'round-done' }>): void {
    const roundDone = { jobId, attempt, lastStep, held, ...(state && { state: toSamplerState(state) }) };
    const kept = state === undefined ? [] : [...state.history, ...(state.foresight?.values ?? [])];
    const tensors = state === undefined ? [] : [state.latents.data, ...kept];
    this.#tell({ jobId, attempt }, { roundDone }, tensors, `the checkpoint after step ${lastStep}`);
  }

  /** Tensors that go in one message. One that is too long would end the stream, and this worker would be lost again and again. */
  #tell(
    named: Named,
    message: Parameters<PresentJobOptions['send']>[0],
    tensors: readonly { readonly byteLength: number }[],
    what: string,
  ): void {
    const bytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const { maxMessageBytes, send } = this.#options;
    if (bytes + HEADER_BYTES <= maxMessageBytes) send(message, bytes);
    else
      this.fault(
        named,
        new AsyncDiffError(
          'message_too_large',
          `${what} has ${bytes} bytes, the coordinator and this worker send and take ${maxMessageBytes} in a message`,
          { hint: 'Start the coordinator and the workers with a larger --max-message-mb.' },
        ),
      );
  }

  /** The attempt failed here. */
  fault(named: Named, error: AsyncDiffError): void {
    const job = this.#current(named);
    if (job !== undefined) this.#fault(job, error);
  }

  /** What came for a deployment cannot be used. */
  wrong(deploymentId: string, error: AsyncDiffError): void {
    if (this.#job?.part.deploymentId === deploymentId) this.#fault(this.#job, error);
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    if (this.#job !== undefined)
      void this.#options.inference.end(this.#job.jobId, this.#job.attempt).catch(() => undefined);
    this.#job = undefined;
  }

  #current({ jobId, attempt }: Named): RunningJob | undefined {
    return this.#job?.jobId === jobId && this.#job.attempt === attempt ? this.#job : undefined;
  }

  #fault({ jobId, attempt }: Named, error: AsyncDiffError): void {
    if (error.code === 'internal')
      this.#options.log.warn({ job: jobId, error: error.message, stack: stackOf(error) }, 'internal error');
    this.#options.send({ fault: toFault(error, { jobId, attempt }) });
  }
}
