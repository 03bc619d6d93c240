import { AsyncDiffError, fromWireError } from '../../common/errors/index.js';
import { clockMs } from '../../execution/index.js';
import {
  fromIssueRound,
  fromSamplerMessage,
  fromUnread,
  toFault,
  toJobReport,
  toSamplerState,
} from '../../protocol/index.js';
import { fromTensorMessage, fromTensorMessages, toTensorMessage } from '../../rpc/index.js';
import { FrameAssembler } from '../../rpc/streams/index.js';
import type { SentTensor } from '../exchange/index.js';
import type { CoordinatorMessage__Output } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { EndJob__Output } from '../../rpc/gen/asyncdiff/v1/EndJob.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { StartJob__Output } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import type { ProbeLinks__Output } from '../../rpc/gen/asyncdiff/v1/ProbeLinks.js';
import type { Deployment, DeploymentContext } from './deployment.js';
import { Deployments } from './deployments.js';
import type { InferenceEvent, InferenceReport } from '../inference/index.js';
import { probeLinks } from './probe.js';
import { sumBytes } from '../exchange/index.js';

export interface ConversationOptions extends Omit<DeploymentContext, 'onLost'> {
  readonly onJobEnded: (report: InferenceReport) => void;
}

interface RunningJob {
  readonly jobId: string;
  readonly attempt: number;
  readonly deployment: Deployment;
}

/** What this worker does for one coordinator, from Welcome until the stream ends. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #deployments: Deployments;
  readonly #relayed = new FrameAssembler();
  #job: RunningJob | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#deployments = new Deployments({
      ...options,
      onLost: (planId, error) => {
        if (this.#job?.deployment.planId === planId)
          options.send({ fault: toFault(error, { jobId: this.#job.jobId }) });
      },
    });
  }

  /** Whether a job is in progress. */
  get busy(): boolean {
    return this.#job !== undefined;
  }

  receive(message: CoordinatorMessage__Output): void {
    const { inference, send } = this.#options;
    if (message.issueRound) {
      const { jobId, attempt } = message.issueRound;
      const job = this.#job;
      if (job?.jobId !== jobId || job.attempt !== attempt) return;
      const round = fromIssueRound(message.issueRound, job.deployment.specs);
      inference.round({ jobId, attempt, round, unread: fromUnread(message.issueRound.unread) });
    } else if (message.latents) {
      const { jobId, attempt, name, version, tensor } = message.latents;
      inference.tensor(
        jobId,
        attempt,
        name,
        version,
        fromTensorMessage(tensor, `${name} of step ${version}`),
      );
    } else if (message.relayedFrame) this.#takeRelayed(message.relayedFrame);
    else if (message.ping)
      send({ pong: { id: message.ping.id, sentMs: message.ping.sentMs, clockMs: clockMs() } });
    else if (message.startJob) this.#startJob(message.startJob);
    else if (message.endJob) void this.#endJob(message.endJob);
    else if (message.deploy) this.#deployments.deploy(message.deploy);
    else if (message.artifactChunk) this.#deployments.takeArtifact(message.artifactChunk);
    else if (message.probeLinks) void this.#probe(message.probeLinks);
    else if (message.undeploy) this.#deployments.undeploy(message.undeploy.planId);
  }

  /** From the inference thread. */
  onBoundary({ planId, meta, tensor, to }: Extract<InferenceEvent, { type: 'boundary' }>): void {
    this.#deployments.get(planId)?.publish(tensor, meta, to);
  }

  onFramesBroken({ planId, error }: Extract<InferenceEvent, { type: 'frames-broken' }>): void {
    this.#deployments.get(planId)?.lose(fromWireError(error));
  }

  /** From the exchange. */
  onSent({ planId, name, version, bytes, peer, startMs, serializeMs }: SentTensor): void {
    this.#deployments.get(planId)?.traffic.addSpan({
      name,
      category: 'serialize',
      startMs: performance.timeOrigin + startMs,
      durationMs: serializeMs,
      round: version,
      sizeBytes: bytes,
      peer,
    });
  }

  onNoise({ jobId, attempt, step, tensor }: Extract<InferenceEvent, { type: 'noise' }>): void {
    const noisePrediction = { jobId, attempt, step, tensor: toTensorMessage(tensor) };
    this.#options.send({ noisePrediction }, tensor.data.byteLength);
  }

  onRoundDone({
    jobId,
    attempt,
    lastStep,
    state,
    held,
  }: Extract<InferenceEvent, { type: 'round-done' }>): void {
    const roundDone = { jobId, attempt, lastStep, held, ...(state && { state: toSamplerState(state) }) };
    const tensors = state === undefined ? [] : [state.latents.data, ...state.history];
    const sizeBytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#options.send({ roundDone }, sizeBytes);
  }

  onFault({ jobId, error }: Extract<InferenceEvent, { type: 'fault' }>): void {
    this.#options.send({ fault: toFault(fromWireError(error), { jobId }) });
  }

  /** The coordinator is gone: nothing of it is kept but the artifacts on disk. */
  async close(): Promise<void> {
    if (this.#job !== undefined)
      await this.#options.inference.end(this.#job.jobId, this.#job.attempt).catch(() => undefined);
    this.#job = undefined;
    await this.#deployments.close();
  }

  #startJob(message: StartJob__Output): void {
    const { jobId, attempt, planId, conditioning, timesteps, batchRepeat, guidanceScale, trace, sampler } =
      message;
    const deployment = this.#deployments.get(planId);
    if (deployment === undefined) {
      this.#options.send({
        fault: toFault(new AsyncDiffError('internal', `plan ${planId} is not deployed here`), { jobId }),
      });
      return;
    }
    deployment.traffic.begin(trace);
    this.#job = { jobId, attempt, deployment };
    const context = {
      jobId,
      attempt,
      planId,
      timesteps,
      batchRepeat,
      guidanceScale,
      trace,
      conditioning: fromTensorMessages(conditioning),
      sampler: sampler === null ? undefined : fromSamplerMessage(sampler),
    };
    this.#options.inference.start(context);
    this.#options.send({ jobStarted: { jobId, attempt } });
  }

  async #endJob({ jobId, attempt }: EndJob__Output): Promise<void> {
    const job = this.#job?.jobId === jobId && this.#job.attempt === attempt ? this.#job : undefined;
    if (job !== undefined) this.#job = undefined;
    try {
      const report = await this.#options.inference.end(jobId, attempt);
      const moved = job?.deployment.traffic.report() ?? { sentBytes: {}, spans: [] };
      this.#options.onJobEnded(report);
      this.#options.send({
        jobReport: toJobReport(jobId, attempt, {
          ...report,
          sentBytes: sumBytes(report.sentBytes, moved.sentBytes),
          spans: [...report.spans, ...moved.spans],
        }),
      });
    } catch (error) {
      this.#options.send({ fault: toFault(AsyncDiffError.from(error, 'worker_failed'), { jobId }) });
    }
  }

  async #probe({ id, producers }: ProbeLinks__Output): Promise<void> {
    // A link that cannot be measured is not reported; deploying over it will say what is wrong.
    const links = await probeLinks(producers, this.#options.link).catch(() => []);
    this.#options.send({ linksProbed: { id, links } });
  }

  #takeRelayed({ frame }: RelayedFrame__Output): void {
    if (frame === null) return;
    const received = this.#relayed.accept(frame);
    if (received === undefined) return;
    void this.#job?.deployment.receive(received.tensor, received.meta, 'coordinator');
  }
}
