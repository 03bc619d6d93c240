import { AsyncDiffError } from '../../common/errors/index.js';
import { describeWaits } from '../../common/pending/index.js';
import { fromWireError } from '../../common/wire-error.js';
import { clockMs } from '../../execution/runtime/index.js';
import { fromDeployMessage, fromOpenPartMessage } from '../../protocol/index.js';
import type { CoordinatorMessage__Output } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { ProbeLinks__Output } from '../../rpc/gen/asyncdiff/v1/ProbeLinks.js';
import type { ArtifactClaim, FindArtifact } from '../../rpc/streams/index.js';
import type { SentTensor } from '../exchange/index.js';
import type { Inference, InferenceEvent } from '../inference/index.js';
import type { PartContext } from './deployed-part.js';
import { DeployedParts } from './deployed-parts.js';
import { PipelineParts, type PipelinePartsContext } from './pipeline-parts.js';
import { PresentJob, type PresentJobOptions } from './present-job.js';
import { probeLinks } from './probe.js';

export interface ConversationOptions
  extends Omit<PartContext, 'onWrong' | 'inference'>,
    Pick<PresentJobOptions, 'onJobEnded' | 'log' | 'maxMessageBytes'>,
    Pick<PipelinePartsContext, 'partThread'> {
  readonly inference: PartContext['inference'] &
    PresentJobOptions['inference'] &
    Pick<Inference, 'state' | 'progress'>;
  /** Secret by which the workers of its coordinator know each other when links are measured. */
  readonly peerSecret: Uint8Array;
}

/** Characters of a stranger's words that an error quotes. */
const MAX_QUOTED_LENGTH = 64;
/** An inference thread that has not answered after so many milliseconds is in a run. */
const COMPUTING_MS = 500;

/**
 * What this worker does for one coordinator, from Welcome until the stream ends. Every message names its deployment, or its job and
 * attempt: one that is not the present one does nothing.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #parts: DeployedParts;
  readonly #pipeline: PipelineParts;
  readonly #job: PresentJob;
  #generation = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#job = new PresentJob(options);
    this.#pipeline = new PipelineParts(options);
    this.#parts = new DeployedParts({
      ...options,
      onWrong: (deploymentId, error) => this.#job.wrong(deploymentId, error),
    });
  }

  /** Whether a job or a part of a pipeline is in progress, or a job that has ended has yet to be reported. */
  get busy(): boolean {
    return this.#job.busy || this.#pipeline.busy;
  }

  receive(message: CoordinatorMessage__Output): void {
    if (message.issueRound) this.#job.issue(message.issueRound);
    else if (message.latents) this.#job.latents(message.latents);
    else if (message.relayedFrame) void this.#job.relayed(message.relayedFrame);
    else if (message.relayCredit) this.#job.credit(message.relayCredit);
    else if (message.ping)
      this.#options.send({ pong: { id: message.ping.id, sentMs: message.ping.sentMs, clockMs: clockMs() } });
    else if (message.startJob) {
      if (this.#isNew(message.startJob))
        this.#job.start(message.startJob, this.#parts.get(message.startJob.deploymentId));
    } else if (message.endJob) void this.#job.end(message.endJob);
    else if (message.deploy) {
      if (this.#isNew(message.deploy)) this.#parts.deploy(fromDeployMessage(message.deploy));
    } else if (message.probeLinks) void this.#probe(message.probeLinks);
    else if (message.undeploy) void this.#parts.undeploy(message.undeploy.deploymentId);
    else if (message.openPart) void this.#pipeline.open(fromOpenPartMessage(message.openPart));
    else if (message.partTensor) this.#pipeline.take(message.partTensor.frame);
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

  onNoise(event: Extract<InferenceEvent, { type: 'noise' }>): void {
    this.#job.noise(event);
  }

  onOutput(event: Extract<InferenceEvent, { type: 'output' }>): void {
    this.#job.output(event);
  }

  onRoundDone(event: Extract<InferenceEvent, { type: 'round-done' }>): void {
    this.#job.roundDone(event);
  }

  onFault(event: Extract<InferenceEvent, { type: 'fault' }>): void {
    this.#job.fault(event, fromWireError(event.error));
  }

  /** One session more of a deployment is open. */
  onOpened({ deploymentId, sessions }: Extract<InferenceEvent, { type: 'opened' }>): void {
    this.#parts.opened(deploymentId, sessions);
  }

  /** The coordinator is gone: nothing of it is kept but the artifacts on disk. */
  async close(): Promise<void> {
    // Done before its deployment is unloaded, which is waited for.
    this.#job.abandon();
    await Promise.all([this.#parts.close(), this.#pipeline.closeAll()]);
  }

  /** Whether a deployment or an attempt is later than all before it. */
  #isNew({ generation }: { readonly generation: number }): boolean {
    if (generation <= this.#generation) return false;
    this.#generation = generation;
    return true;
  }

  /** What the inference thread is at; it answers between two runs. */
  async #tellState(id: number): Promise<void> {
    const { inference } = this.#options;
    const { isRunning, stillMs } = inference.progress;
    const signal = AbortSignal.timeout(COMPUTING_MS);
    const state =
      isRunning && stillMs >= COMPUTING_MS ? undefined : await inference.state(signal).catch(() => undefined);
    const { isRunning: _now, ...progress } = inference.progress;
    const { missing = [], round = 0 } = state ?? {};
    const computing = state === undefined;
    const stateReport = { id, ...progress, computing, missing: [...missing], round, waits: describeWaits() };
    this.#options.send({ stateReport });
  }

  async #probe({ id, producers }: ProbeLinks__Output): Promise<void> {
    const { link, peerSecret } = this.#options;
    this.#options.send({ linksProbed: { id, links: await probeLinks(producers, link, peerSecret) } });
  }
}
