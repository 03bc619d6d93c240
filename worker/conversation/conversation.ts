import { AsyncDiffError } from '../../common/errors/index.js';
import { fromWireError, stackOf } from '../../common/wire-error.js';
import { describeWaits } from '../../common/pending/index.js';
import { clockMs } from '../../execution/index.js';
import {
  fromDeployMessage,
  fromGuidanceMessage,
  fromIssueRound,
  fromSamplerMessage,
  fromUnread,
  toFault,
  toJobReport,
  toSamplerState,
} from '../../protocol/index.js';
import { fromTensorMessage, fromTensorMessages, toTensorMessage } from '../../rpc/index.js';
import type { ArtifactClaim, FindArtifact } from '../../rpc/streams/index.js';
import type { SentTensor } from '../exchange/index.js';
import type { CoordinatorMessage__Output } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { EndJob__Output } from '../../rpc/gen/asyncdiff/v1/EndJob.js';
import type { RelayedFrame__Output } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { StartJob__Output } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import type { ProbeLinks__Output } from '../../rpc/gen/asyncdiff/v1/ProbeLinks.js';
import type { DeployedPart, PartContext } from './deployed-part.js';
import { DeployedParts } from './deployed-parts.js';
import type { Inference, InferenceEvent, InferenceReport } from '../inference/index.js';
import type { WorkerLog } from '../log.js';
import { PipelineParts, type PipelinePartsContext } from './pipeline-parts.js';
import { probeLinks } from './probe.js';
import { sumBytes } from '../exchange/index.js';

export interface ConversationOptions
  extends Omit<PartContext, 'onWrong' | 'inference'>,
    Pick<PipelinePartsContext, 'partThread'> {
  readonly inference: PartContext['inference'] & Pick<Inference, 'start' | 'round' | 'end' | 'state'>;
  /** By which the workers of its coordinator know each other when links are measured. */
  readonly peerSecret: Uint8Array;
  readonly onJobEnded: (jobId: string, report: InferenceReport) => void;
  readonly log: Pick<WorkerLog, 'warn'>;
}

interface RunningJob {
  readonly jobId: string;
  readonly attempt: number;
  readonly part: DeployedPart;
}

const NOTHING: InferenceReport = Object.freeze({
  computeMs: 0,
  waitMs: 0,
  segmentMs: {},
  spans: [],
  sentBytes: {},
  receivedBytes: {},
});

/** Of what a stranger says, in an error. */
const MAX_QUOTED_LENGTH = 64;
/** An inference thread that has not answered after this long is in a run. */
const COMPUTING_MS = 500;

/**
 * What this worker does for one coordinator, from Welcome until the stream ends. Every message names its deployment, or its job and
 * attempt: one that is not the present one does nothing.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #parts: DeployedParts;
  readonly #pipeline: PipelineParts;
  #job: RunningJob | undefined;
  /** Jobs that have ended, and of which the coordinator has not been told yet. */
  #endings = 0;
  #generation = 0;
  /** As the inference thread said last. */
  #tasksDone = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#pipeline = new PipelineParts(options);
    this.#parts = new DeployedParts({
      ...options,
      onWrong: (deploymentId, error) => {
        if (this.#job?.part.deploymentId === deploymentId) this.#fault(this.#job, error);
      },
    });
  }

  /** Whether a job or a part of a pipeline is in progress, or a job that has ended has yet to be reported. */
  get busy(): boolean {
    return this.#job !== undefined || this.#endings > 0 || this.#pipeline.busy;
  }

  receive(message: CoordinatorMessage__Output): void {
    const { inference, send } = this.#options;
    if (message.issueRound) {
      const { jobId, attempt } = message.issueRound;
      const job = this.#current(jobId, attempt);
      if (job === undefined) return;
      const round = fromIssueRound(message.issueRound, job.part.specs);
      inference.round({ jobId, attempt, round, unread: fromUnread(message.issueRound.unread) });
    } else if (message.latents) {
      const { jobId, attempt, name, version, tensor } = message.latents;
      if (this.#current(jobId, attempt) === undefined) return;
      const latents = fromTensorMessage(tensor, `${name} of step ${version}`);
      inference.tensor(jobId, attempt, name, version, latents);
    } else if (message.relayedFrame) void this.#takeRelayed(message.relayedFrame);
    else if (message.relayCredit) {
      const { jobId, attempt, workerId, bytes } = message.relayCredit;
      this.#current(jobId, attempt)?.part.credit(workerId, bytes);
    } else if (message.ping)
      send({ pong: { id: message.ping.id, sentMs: message.ping.sentMs, clockMs: clockMs() } });
    else if (message.startJob) {
      if (this.#isNew(message.startJob)) this.#startJob(message.startJob);
    } else if (message.endJob) void this.#endJob(message.endJob);
    else if (message.deploy) {
      if (this.#isNew(message.deploy)) this.#parts.deploy(fromDeployMessage(message.deploy));
    } else if (message.probeLinks) void this.#probe(message.probeLinks);
    else if (message.undeploy) void this.#parts.undeploy(message.undeploy.deploymentId);
    else if (message.openPart) void this.#pipeline.open(message.openPart);
    else if (message.partTensor) this.#pipeline.take(message.partTensor);
    else if (message.runPart) void this.#pipeline.run(message.runPart);
    else if (message.closePart) void this.#pipeline.close(message.closePart.partId);
    else if (message.askState) void this.#tellState(message.askState.id);
  }

  /** Another worker asks for artifacts of a deployment. Throws `permission_denied`, `peer_unreachable`. */
  async admit({ workerId: asker, supplierId, deploymentId, secret }: ArtifactClaim): Promise<FindArtifact> {
    const { secrets, workerId } = this.#options;
    const name = asker.slice(0, MAX_QUOTED_LENGTH);
    if (supplierId !== workerId)
      throw new AsyncDiffError(
        'peer_unreachable',
        `worker '${name}' looked for worker '${supplierId.slice(0, MAX_QUOTED_LENGTH)}' and found worker '${workerId}'`,
      );
    const part = (await secrets.check(deploymentId, secret)) ? this.#parts.get(deploymentId) : undefined;
    if (part === undefined)
      throw new AsyncDiffError(
        'permission_denied',
        `'${name}' has not been told by this worker's coordinator to take artifacts of deployment '${deploymentId.slice(0, MAX_QUOTED_LENGTH)}'`,
      );
    return (sha256) => part.give(sha256);
  }

  /** From the inference thread. */
  onBoundary({ deploymentId, meta, tensor, to }: Extract<InferenceEvent, { type: 'boundary' }>): void {
    this.#parts.get(deploymentId)?.publish(tensor, meta, to);
  }

  onFramesBroken({
    deploymentId,
    producerId,
    error,
  }: Extract<InferenceEvent, { type: 'frames-broken' }>): void {
    const part = this.#parts.get(deploymentId);
    part?.lose(producerId, fromWireError(error));
  }

  /** From the exchange. */
  onSent({ deploymentId, name, version, bytes, peer, startMs, serializeMs }: SentTensor): void {
    this.#parts.get(deploymentId)?.traffic.addSpan({
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

  onFault({ jobId, attempt, error }: Extract<InferenceEvent, { type: 'fault' }>): void {
    const job = this.#current(jobId, attempt);
    if (job !== undefined) this.#fault(job, fromWireError(error));
  }

  /** One session more of a deployment is open. */
  onOpened({ deploymentId, sessions }: Extract<InferenceEvent, { type: 'opened' }>): void {
    this.#parts.opened(deploymentId, sessions);
  }

  /** The coordinator is gone: nothing of it is kept but the artifacts on disk. */
  async close(): Promise<void> {
    // Done before its deployment is unloaded, which is waited for.
    if (this.#job !== undefined)
      void this.#options.inference.end(this.#job.jobId, this.#job.attempt).catch(() => undefined);
    this.#job = undefined;
    await Promise.all([this.#parts.close(), this.#pipeline.closeAll()]);
  }

  /** Whether a deployment or an attempt is later than all before it. */
  #isNew({ generation }: { readonly generation: number }): boolean {
    if (generation <= this.#generation) return false;
    this.#generation = generation;
    return true;
  }

  #current(jobId: string, attempt: number): RunningJob | undefined {
    return this.#job?.jobId === jobId && this.#job.attempt === attempt ? this.#job : undefined;
  }

  #fault({ jobId, attempt }: Pick<RunningJob, 'jobId' | 'attempt'>, error: AsyncDiffError): void {
    if (error.code === 'internal')
      this.#options.log.warn({ job: jobId, error: error.message, stack: stackOf(error) }, 'internal error');
    this.#options.send({ fault: toFault(error, { jobId, attempt }) });
  }

  #startJob(message: StartJob__Output): void {
    const { jobId, attempt, deploymentId, trace, sampler, conditioning, ...rest } = message;
    const part = this.#parts.get(deploymentId);
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

  async #endJob({ jobId, attempt, discard }: EndJob__Output): Promise<void> {
    const job = this.#current(jobId, attempt);
    if (job !== undefined) this.#job = undefined;
    this.#endings++;
    try {
      const ending = this.#options.inference.end(jobId, attempt);
      // What was cancelled has nothing to tell: the run in progress is not waited for.
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

  /** What the inference thread is at. One that does not answer is in a run. */
  async #tellState(id: number): Promise<void> {
    const signal = AbortSignal.timeout(COMPUTING_MS);
    const state = await this.#options.inference.state(signal).catch(() => undefined);
    const { tasksDone = this.#tasksDone, missing = [], round = 0 } = state ?? {};
    this.#tasksDone = tasksDone;
    const stateReport = {
      id,
      tasksDone,
      computing: state === undefined,
      missing: [...missing],
      round,
      waits: describeWaits(),
    };
    this.#options.send({ stateReport });
  }

  async #probe({ id, producers }: ProbeLinks__Output): Promise<void> {
    const { link, peerSecret } = this.#options;
    this.#options.send({ linksProbed: { id, links: await probeLinks(producers, link, peerSecret) } });
  }

  async #takeRelayed({ frame, fromWorkerId }: RelayedFrame__Output): Promise<void> {
    const job = frame === null ? undefined : this.#current(frame.jobId, frame.attempt);
    if (frame === null || job === undefined) return;
    try {
      await job.part.takeRelayed(frame, fromWorkerId);
    } catch (error) {
      // Of the worker that made it; the coordinator, which only handed it on, goes on being heard.
      this.#fault(job, AsyncDiffError.from(error));
    }
  }
}
