import { AsyncDiffError } from '../../common/errors/index.js';
import { clockMs, type WorkerExecution } from '../../execution/index.js';
import type { PlanLink } from '../../planner/index.js';
import { fromFault, type PartOrder, type Peer, toDeployMessage } from '../../protocol/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { LinksProbed__Output } from '../../rpc/gen/asyncdiff/v1/LinksProbed.js';
import type { RelayedFrame } from '../../rpc/gen/asyncdiff/v1/RelayedFrame.js';
import type { StartJob } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import type { WorkerFault__Output } from '../../rpc/gen/asyncdiff/v1/WorkerFault.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { ClockOffset } from './clock-offset.js';
import { MIN_OPEN_BYTES_PER_SECOND, WORKER_LIMITS_MS, type WorkerLimitsMs } from './limits.js';
import { Outbox } from './outbox.js';
import { WorkerAsks } from './worker-asks.js';
import type { WorkerFacts } from './worker-facts.js';
import type { DeployAids, JobListener, Opened, WorkerLink, WorkerProgress } from './worker-link.js';
import { WorkerParts } from './worker-parts.js';
import { type LossReason, TRANSITIONS, type WorkerState } from './worker-state.js';

/** Sent back to back at the start. */
const EAGER_PINGS = 6;

export interface HandleOptions {
  /** How long it rests before it is used like the others. */
  readonly restMs?: number | undefined;
  readonly limitsMs?: WorkerLimitsMs | undefined;
}

/** The deployment that a worker holds, or is being given. */
interface Held {
  readonly deploymentId: string;
  readonly aids: Pick<DeployAids, 'onNeed' | 'onLinkDown' | 'onProgress'>;
}

/**
 * One registered worker: its state, its conversation, its clock. Whatever is asked of it has a limit; a worker that takes longer is lost
 * to this coordinator, with the reason, and may register again. Answers to what is not asked any more do nothing.
 */
export class WorkerHandle {
  readonly id: string;
  readonly name: string;
  readonly facts: WorkerFacts;
  readonly clock = new ClockOffset();
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
  #state: WorkerState = 'idle';
  #held: Held | undefined;
  #listener: JobListener | undefined;
  #lastHeardMs = clockMs();
  #pings = 0;
  #asked = 0;
  /** Of deployments and attempts together: what the worker hears twice, or late, it tells by this. */
  #generation = 0;
  #loss: AsyncDiffError | undefined;
  #lossListeners = new Set<(error: AsyncDiffError, reason: LossReason) => void>();

  constructor(id: string, name: string, facts: WorkerFacts, link: WorkerLink, options: HandleOptions = {}) {
    const { restMs = 0, limitsMs = WORKER_LIMITS_MS } = options;
    this.limitsMs = limitsMs;
    this.id = id;
    this.name = name;
    this.facts = facts;
    this.speed = facts.speed / (facts.declared?.profile.time_dilation ?? 1);
    this.#link = link;
    this.#asks = new WorkerAsks(name, (error, reason) => this.lose(error, reason));
    this.#outbox = new Outbox((message) => link.send(message));
    this.parts = new WorkerParts(this.#asks, limitsMs, {
      send: (message) => this.send(message),
      openSupply: link.openSupply,
    });
    if (restMs <= 0) return;
    this.#state = 'resting';
    setTimeout(() => this.#state === 'resting' && this.#go('idle'), restMs).unref();
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Why it was lost; undefined for one that is there. */
  get loss(): AsyncDiffError | undefined {
    return this.#loss;
  }

  get silentMs(): number {
    return clockMs() - this.#lastHeardMs;
  }

  send(message: CoordinatorMessage): void {
    if (this.#state !== 'lost') this.#outbox.send(message);
  }

  /** A frame of a relayed tensor, at once: whoever has many awaits {@link drained} between them. */
  sendFrame(relayedFrame: RelayedFrame): void {
    if (this.#state !== 'lost') this.#link.send({ relayedFrame }, relayedFrame.frame?.data?.length ?? 0);
  }

  /** Resolves when the network has taken all but so many bytes of the frames; throws why it takes no more. */
  drained(atMostBytes: number): Promise<void> {
    return this.#link.drained(atMostBytes);
  }

  ping(): number {
    this.#pings += 1;
    this.send({ ping: { id: this.#pings, sentMs: clockMs() } });
    return this.#pings;
  }

  /** @returns a function that stops listening */
  onLoss(listener: (error: AsyncDiffError, reason: LossReason) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Whether it is there: resolves when it answers a ping, or is lost. */
  async confirm(): Promise<boolean> {
    if (this.#state === 'lost') return false;
    const pong = this.#asks.ask<void>(`pong/${this.#pings + 1}`, {
      task: 'answer a ping',
      withinMs: this.limitsMs.ask,
      reason: 'silent',
    });
    this.ping();
    await pong.catch(() => undefined);
    return this.state !== 'lost';
  }

  /** What it is at. */
  async ask(): Promise<WorkerProgress> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = this.#asks.ask<WorkerProgress>(`state/${id}`, {
      task: 'tell what it is at',
      withinMs: this.limitsMs.ask,
    });
    this.send({ askState: { id } });
    return answer;
  }

  /** Gives the worker its part of a plan; resolves when its sessions are open and its producers are connected. */
  async deploy(order: PartOrder, aids: DeployAids): Promise<Opened> {
    const { deploymentId } = order;
    this.#go('deploying');
    this.#held = { deploymentId, aids };
    const sizeBytes = order.artifacts.reduce((sum, artifact) => sum + artifact.sizeBytes, 0);
    try {
      const deployed = this.#asks.ask<Opened>(`deployed/${deploymentId}`, {
        task: 'open its part of the plan',
        withinMs: this.limitsMs.deploy + (sizeBytes / MIN_OPEN_BYTES_PER_SECOND) * 1000,
        signal: aids.signal,
      });
      this.#generation += 1;
      this.send({ deploy: toDeployMessage(order, this.#generation) });
      const answer = await deployed;
      this.#go('ready');
      return answer;
    } catch (error) {
      this.undeploy(deploymentId);
      throw error;
    }
  }

  /** Takes a deployment back, whatever state it is in; what the worker still says of it does nothing. */
  undeploy(deploymentId: string): void {
    this.send({ undeploy: { deploymentId } });
    if (this.#held?.deploymentId !== deploymentId) return;
    this.#held = undefined;
    this.#asks.fail(
      `deployed/${deploymentId}`,
      new AsyncDiffError('cancelled', 'the deployment was given up'),
    );
    if (this.#state !== 'lost') this.#go('idle');
  }

  /** Has the worker measure the links from others to it; those that do not work have no bytes per second. */
  async probeLinks(
    producers: readonly Pick<Peer, 'workerId' | 'address'>[],
    signal?: AbortSignal,
  ): Promise<PlanLink[]> {
    this.#asked += 1;
    const id = this.#asked;
    const probed = this.#asks.ask<LinksProbed__Output>(`probed/${id}`, {
      task: 'measure its links',
      withinMs: producers.length * this.limitsMs.probe,
      signal,
    });
    this.send({ probeLinks: { id, producers: [...producers] } });
    const { links } = await probed;
    return links.map(({ producerId, roundTripMs, bytesPerSecond }) => ({
      from: producerId,
      to: this.id,
      roundTripMs,
      bytesPerSecond,
    }));
  }

  async startJob(start: StartJob, listener: JobListener, signal?: AbortSignal): Promise<void> {
    this.#go('busy');
    this.#listener = listener;
    const started = this.#asks.ask<void>(`started/${listener.jobId}/${listener.attempt}`, {
      task: 'start a job',
      withinMs: this.limitsMs.start,
      signal,
    });
    this.#generation += 1;
    this.send({ startJob: { ...start, generation: this.#generation } });
    await started;
  }

  /**
   * Ends the attempt here; resolves with the worker's report, or undefined if the worker is lost.
   * @param discard there is nothing to report: nobody waits for the run that is in progress there
   */
  async endJob(jobId: string, attempt: number, discard: boolean): Promise<WorkerExecution | undefined> {
    if (this.#listener?.jobId !== jobId || this.#listener.attempt !== attempt) return undefined;
    this.#listener = undefined;
    if (this.#state !== 'busy') return undefined;
    const reported = this.#asks.ask<WorkerExecution>(`report/${jobId}/${attempt}`, {
      task: 'end a job',
      withinMs: this.limitsMs.end,
    });
    this.send({ endJob: { jobId, attempt, discard } });
    try {
      return await reported;
    } catch {
      return undefined;
    } finally {
      if (this.state === 'busy') this.#go('ready');
    }
  }

  /** A message came from the worker. */
  receive(message: WorkerMessage__Output): void {
    this.#lastHeardMs = clockMs();
    const listener = this.#listener;
    const isCurrent = (of: { readonly jobId: string; readonly attempt: number } | null): boolean =>
      listener !== undefined && of?.jobId === listener.jobId && of.attempt === listener.attempt;
    if (message.batch) {
      for (const each of message.batch.messages) this.receive(each);
    } else if (this.#asks.take(this.id, message) || this.parts.take(message)) return;
    else if (message.noisePrediction) {
      if (isCurrent(message.noisePrediction)) listener?.onNoise(message.noisePrediction);
    } else if (message.roundDone) {
      if (isCurrent(message.roundDone)) listener?.onRoundDone(message.roundDone);
    } else if (message.relayedFrame) {
      if (isCurrent(message.relayedFrame.frame)) listener?.onRelayedFrame(message.relayedFrame);
    } else if (message.relayCredit) {
      if (isCurrent(message.relayCredit)) listener?.onRelayCredit(message.relayCredit);
    } else if (message.pong) {
      this.clock.add(message.pong.sentMs, message.pong.clockMs, clockMs());
      this.#asks.answer(`pong/${message.pong.id}`);
      // The first ones meet a process that has just started; a plan that is made now should not take them for the link.
      if (this.#pings < EAGER_PINGS) this.ping();
    } else if (message.needArtifacts) {
      const { deploymentId, sizeBytes } = message.needArtifacts;
      if (this.#held?.deploymentId === deploymentId) this.#held.aids.onNeed(sizeBytes, this.#link.openSupply);
    } else if (message.deployProgress) {
      const { deploymentId } = message.deployProgress;
      this.#asks.progress(`deployed/${deploymentId}`);
      if (this.#held?.deploymentId === deploymentId) this.#held.aids.onProgress?.(message.deployProgress);
    } else if (message.linkDown) {
      const { deploymentId, producerId, message: why } = message.linkDown;
      if (this.#held?.deploymentId === deploymentId) this.#held.aids.onLinkDown(producerId, why);
    } else if (message.fault) this.#fault(message.fault);
    else if (message.leaving)
      this.lose(
        new AsyncDiffError('worker_lost', `worker ${this.name} left: ${message.leaving.reason}`),
        'left',
      );
  }

  /** The worker is gone: everything that waits for it fails, once. */
  lose(error: AsyncDiffError, reason: LossReason): void {
    if (this.#state === 'lost') return;
    this.#go('lost');
    this.#loss = error;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#held = undefined;
    for (const each of this.#lossListeners) each(error, reason);
    this.#lossListeners.clear();
    listener?.onFault(error);
    this.#asks.lose(error);
    this.#link.close(reason === 'left' || reason === 'closed' || reason === 'gone' ? undefined : error);
  }

  #fault(fault: WorkerFault__Output): void {
    const error = fromFault(this.name, fault);
    const { deploymentId, jobId, attempt, partId } = fault;
    if (partId !== '') {
      this.parts.fail(partId, attempt, error);
      return;
    }
    if (deploymentId !== '') {
      this.#asks.fail(`deployed/${deploymentId}`, error);
      return;
    }
    this.#asks.fail(`started/${jobId}/${attempt}`, error);
    this.#asks.fail(`report/${jobId}/${attempt}`, error);
    if (this.#listener?.jobId === jobId && this.#listener.attempt === attempt) this.#listener.onFault(error);
  }

  #go(next: WorkerState): void {
    if (!TRANSITIONS[this.#state].includes(next)) {
      throw (
        this.#loss ??
        new AsyncDiffError('internal', `worker ${this.name} is ${this.#state}, not ready to be ${next}`)
      );
    }
    this.#state = next;
  }
}
