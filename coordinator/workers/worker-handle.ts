import { AsyncDiffError } from '../../common/errors/index.js';
import type { WorkerExecution } from '../../execution/index.js';
import type { PlanLink } from '../../planner/index.js';
import { fromFault, type PartOrder, type Peer } from '../../protocol/index.js';
import type { SendToWorker } from '../../rpc/streams/index.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { ClockOffset } from './clock-offset.js';
import { limitsOf, WORKER_LIMITS_MS, type WorkerLimitsMs } from './limits.js';
import { Outbox } from './outbox.js';
import { WorkerAsks } from './worker-asks.js';
import { type StartOrder, WorkerAttempt } from './worker-attempt.js';
import { WorkerDeployment } from './worker-deployment.js';
import type { WorkerFacts } from './worker-facts.js';
import { WorkerInquiries } from './worker-inquiries.js';
import type {
  DeployAids,
  JobListener,
  Opened,
  RelayedFrame,
  WorkerLink,
  WorkerProgress,
} from './worker-link.js';
import { WorkerParts } from './worker-parts.js';
import { wordsOf } from './worker-words.js';
import { type LossReason, TRANSITIONS, type WorkerHandleState } from './worker-state.js';

interface HandleOptions {
  /** Time before it is used like the others, milliseconds. */
  readonly restMs?: number | undefined;
  readonly limitsMs?: WorkerLimitsMs | undefined;
}

/**
 * One registered worker: its state, its conversation, its clock. Whatever is asked of it has a limit; a worker that takes longer is lost
 * to this coordinator, with the reason, and may register again. Answers to what is not asked any more do nothing.
 */
export class WorkerHandle {
  readonly id: string;
  readonly name: string;
  readonly facts: WorkerFacts;
  /** Artifacts that it has had since it registered, by SHA-256: other workers may take them from it. */
  readonly holds = new Set<string>();
  /** Beside other workers, as the user says; a declared device is slower by its dilation. */
  readonly speed: number;
  readonly limitsMs: WorkerLimitsMs;
  /** Text encoders and VAE that it runs. */
  readonly parts: WorkerParts;
  readonly #link: WorkerLink;
  readonly #outbox: Outbox;
  readonly #asks: WorkerAsks;
  #state: WorkerHandleState = 'idle';
  readonly #deployment: WorkerDeployment;
  readonly #attempt: WorkerAttempt;
  readonly #inquiries: WorkerInquiries;
  /** Counts deployments and attempts together: by it the worker tells what it hears twice or late. */
  #generation = 0;
  #loss: AsyncDiffError | undefined;
  #lossListeners = new Set<(error: AsyncDiffError, reason: LossReason) => void>();

  constructor(id: string, name: string, facts: WorkerFacts, link: WorkerLink, options: HandleOptions = {}) {
    const { restMs = 0 } = options;
    const limitsMs = limitsOf(facts.device, options.limitsMs ?? WORKER_LIMITS_MS);
    this.limitsMs = limitsMs;
    this.id = id;
    this.name = name;
    this.facts = facts;
    this.speed = facts.speed / (facts.declared?.profile.time_dilation ?? 1);
    this.#link = link;
    this.#asks = new WorkerAsks(name, (error, reason) => this.lose(error, reason));
    this.#outbox = new Outbox((message) => link.send(message));
    this.#inquiries = new WorkerInquiries(this.#asks, limitsMs, (message) => this.send(message));
    const calls = {
      send: (message: Parameters<SendToWorker>[0]) => this.send(message),
      openSupply: link.openSupply,
    };
    this.parts = new WorkerParts(this.#asks, limitsMs, calls);
    this.#attempt = new WorkerAttempt(this.#asks, limitsMs, calls);
    this.#deployment = new WorkerDeployment(this.#asks, limitsMs, calls);
    if (restMs <= 0) return;
    this.#state = 'resting';
    setTimeout(() => this.#state === 'resting' && this.#go('idle'), restMs).unref();
  }

  get state(): WorkerHandleState {
    return this.#state;
  }

  /** Why it was lost; undefined for one that is there. */
  get loss(): AsyncDiffError | undefined {
    return this.#loss;
  }

  get silentMs(): number {
    return this.#inquiries.silentMs;
  }

  get clock(): ClockOffset {
    return this.#inquiries.clock;
  }

  send(message: Parameters<SendToWorker>[0]): void {
    if (this.#state !== 'lost') this.#outbox.send(message);
  }

  /** A frame of a relayed tensor, at once: whoever has many awaits {@link drained} between them. */
  sendFrame(relayedFrame: RelayedFrame): void {
    if (this.#state !== 'lost')
      this.#link.send(
        { relayedFrame: { ...relayedFrame, toWorkerIds: [...relayedFrame.toWorkerIds] } },
        relayedFrame.frame?.data.length ?? 0,
      );
  }

  /** Resolves when the network has taken all but so many bytes of the frames; throws why it takes no more. */
  drained(atMostBytes: number): Promise<void> {
    return this.#link.drained(atMostBytes);
  }

  ping(): void {
    this.#inquiries.ping();
  }

  /** @returns a function that stops listening */
  onLoss(listener: (error: AsyncDiffError, reason: LossReason) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Whether it is there. */
  async confirm(): Promise<boolean> {
    if (this.#state === 'lost') return false;
    await this.#inquiries.confirm();
    return this.state !== 'lost';
  }

  /** What it is at. */
  ask(): Promise<WorkerProgress> {
    return this.#inquiries.progress();
  }

  /** Has the worker measure the links from others to it; those that do not work have no bytes per second. */
  async probeLinks(
    producers: readonly Pick<Peer, 'workerId' | 'address'>[],
    signal?: AbortSignal,
  ): Promise<PlanLink[]> {
    const links = await this.#inquiries.links(producers, signal);
    return links.map(({ producerId, roundTripMs, bytesPerSecond }) => ({
      from: producerId,
      to: this.id,
      roundTripMs,
      bytesPerSecond,
    }));
  }

  /** Gives the worker its part of a plan; resolves when its sessions are open and its producers are connected. */
  async deploy(order: PartOrder, aids: DeployAids): Promise<Opened> {
    this.#go('deploying');
    this.#generation += 1;
    try {
      const opened = await this.#deployment.begin(order, this.#generation, aids);
      this.#go('ready');
      return opened;
    } catch (error) {
      this.undeploy(order.deploymentId);
      throw error;
    }
  }

  /** Takes a deployment back, whatever state it is in; what the worker still says of it does nothing. */
  undeploy(deploymentId: string): void {
    if (this.#deployment.end(deploymentId) && this.#state !== 'lost') this.#go('idle');
  }

  async startJob(start: StartOrder, listener: JobListener, signal?: AbortSignal): Promise<void> {
    this.#go('busy');
    this.#generation += 1;
    await this.#attempt.begin({ ...start, generation: this.#generation }, listener, signal);
  }

  /**
   * Ends the attempt here; resolves with the worker's report, or undefined if the worker is lost.
   * @param discard there is nothing to report: nobody waits for the run that is in progress there
   */
  async endJob(jobId: string, attempt: number, discard: boolean): Promise<WorkerExecution | undefined> {
    if (!this.#attempt.leave(jobId, attempt) || this.#state !== 'busy') return undefined;
    try {
      return await this.#attempt.end(jobId, attempt, discard);
    } finally {
      if (this.state === 'busy') this.#go('ready');
    }
  }

  /** A message came from the worker. */
  receive(message: WorkerMessage__Output): void {
    this.#inquiries.heard();
    if (message.batch) {
      for (const each of message.batch.messages) this.receive(each);
    } else if (this.#attempt.take(message) || this.#asks.take(this.id, message)) return;
    else if (this.parts.take(message) || this.#deployment.take(message)) return;
    else if (message.pong) this.#inquiries.pong(message.pong);
    else if (message.fault) this.#fault(message.fault);
    else if (message.leaving)
      this.lose(
        new AsyncDiffError('worker_lost', `worker ${this.name} left: ${wordsOf(message.leaving.reason)}`),
        'left',
      );
  }

  /** The worker is gone: everything that waits for it fails, once. */
  lose(error: AsyncDiffError, reason: LossReason): void {
    if (this.#state === 'lost') return;
    this.#go('lost');
    this.#loss = error;
    const listener = this.#attempt.forget();
    this.#deployment.forget();
    for (const each of this.#lossListeners) each(error, reason);
    this.#lossListeners.clear();
    listener?.onFault(error);
    this.#asks.lose(error);
    this.#link.close(reason === 'left' || reason === 'closed' || reason === 'gone' ? undefined : error);
  }

  #fault(fault: Parameters<typeof fromFault>[1]): void {
    const [message, hint] = [wordsOf(fault.message), wordsOf(fault.hint)];
    const error = fromFault(this.name, { ...fault, message, hint });
    const { deploymentId, jobId, attempt, partId } = fault;
    if (partId !== '') {
      this.parts.fail(partId, attempt, error);
      return;
    }
    if (deploymentId !== '') {
      this.#deployment.fail(deploymentId, error);
      return;
    }
    this.#attempt.fail(jobId, attempt, error);
  }

  #go(next: WorkerHandleState): void {
    if (!TRANSITIONS[this.#state].includes(next)) {
      throw (
        this.#loss ??
        new AsyncDiffError('internal', `worker ${this.name} is ${this.#state}, not ready to be ${next}`)
      );
    }
    this.#state = next;
  }
}
