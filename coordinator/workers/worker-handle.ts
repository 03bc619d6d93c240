import { AsyncDiffError } from '../../common/errors/index.js';
import { clockMs, type WorkerExecution } from '../../execution/index.js';
import { Pending } from '../../common/pending/index.js';
import type { PlanLink } from '../../planner/index.js';
import { fromFault, fromJobReport } from '../../protocol/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { Deploy } from '../../rpc/gen/asyncdiff/v1/Deploy.js';
import type { Deployed__Output } from '../../rpc/gen/asyncdiff/v1/Deployed.js';
import type { LinksProbed__Output } from '../../rpc/gen/asyncdiff/v1/LinksProbed.js';
import type { Peer } from '../../rpc/gen/asyncdiff/v1/Peer.js';
import type { StartJob } from '../../rpc/gen/asyncdiff/v1/StartJob.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { ClockOffset } from './clock-offset.js';
import type { WorkerFacts } from './worker-facts.js';
import type { ArtifactSource, JobListener, WorkerLink } from './worker-link.js';
import { TRANSITIONS, type WorkerState } from './worker-state.js';

/** Sent back to back at the start. */
const EAGER_PINGS = 6;

/** One registered worker: its state, its conversation, its clock. */
export class WorkerHandle {
  readonly id: string;
  readonly name: string;
  readonly facts: WorkerFacts;
  readonly clock = new ClockOffset();
  /** Beside other workers, as the user says; a declared device is slower by its dilation. */
  readonly speed: number;
  readonly #link: WorkerLink;
  readonly #expected = new Pending<unknown>();
  #outgoing: CoordinatorMessage[] = [];
  #state: WorkerState = 'idle';
  #artifacts: ArtifactSource | undefined;
  #listener: JobListener | undefined;
  #lastHeardMs = clockMs();
  #pings = 0;
  #probes = 0;
  #lossListeners = new Set<(error: AsyncDiffError) => void>();

  constructor(id: string, name: string, facts: WorkerFacts, link: WorkerLink) {
    this.id = id;
    this.name = name;
    this.facts = facts;
    this.speed = facts.speed / (facts.declared?.profile.time_dilation ?? 1);
    this.#link = link;
  }

  get state(): WorkerState {
    return this.#state;
  }

  get silentMs(): number {
    return clockMs() - this.#lastHeardMs;
  }

  /** Messages of one turn of the event loop leave as one: each costs both sides some hundred microseconds. */
  send(message: CoordinatorMessage): void {
    if (this.#state === 'lost') return;
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(message);
  }

  #flush(): void {
    const messages = this.#outgoing;
    this.#outgoing = [];
    if (this.#state === 'lost') return;
    if (messages.length === 1) this.#link.send(messages[0] as CoordinatorMessage);
    // Relayed frames and artifacts keep their own messages: they are laid out and counted one by one.
    else if (
      messages.some(
        ({ relayedFrame, artifactChunk }) => relayedFrame !== undefined || artifactChunk !== undefined,
      )
    ) {
      for (const message of messages) this.#link.send(message);
    } else this.#link.send({ batch: { messages } });
  }

  ping(): void {
    this.#pings += 1;
    this.send({ ping: { id: this.#pings, sentMs: clockMs() } });
  }

  onLoss(listener: (error: AsyncDiffError) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /** Gives the worker its part of a plan; resolves when its sessions are open and its producers are connected. */
  async deploy(
    deploy: Deploy & { readonly planId: string },
    artifacts: ArtifactSource,
  ): Promise<Deployed__Output> {
    this.#go('deploying');
    this.#artifacts = artifacts;
    try {
      const deployed = this.#expect<Deployed__Output>(`deployed/${deploy.planId}`);
      this.send({ deploy });
      const answer = await deployed;
      this.#go('ready');
      return answer;
    } catch (error) {
      if (this.state !== 'lost') this.#go('idle');
      throw error;
    } finally {
      this.#artifacts = undefined;
    }
  }

  /** Has the worker measure the links from others to it. Empty if it cannot. */
  async probeLinks(producers: readonly Peer[]): Promise<PlanLink[]> {
    this.#probes += 1;
    const id = this.#probes;
    const probed = this.#expect<LinksProbed__Output>(`probed/${id}`);
    this.send({ probeLinks: { id, producers: [...producers] } });
    const { links } = await probed;
    return links.map(({ producerId, roundTripMs, bytesPerSecond }) => ({
      from: producerId,
      to: this.id,
      roundTripMs,
      bytesPerSecond,
    }));
  }

  undeploy(planId: string): void {
    this.send({ undeploy: { planId } });
  }

  async startJob(start: StartJob & { jobId: string; attempt: number }, listener: JobListener): Promise<void> {
    this.#go('busy');
    this.#listener = listener;
    const started = this.#expect<void>(`started/${start.jobId}/${start.attempt}`);
    this.send({ startJob: start });
    await started;
  }

  /** Ends the job here; resolves with the worker's report, or undefined if the worker is lost. */
  async endJob(jobId: string, attempt: number): Promise<WorkerExecution | undefined> {
    this.#listener = undefined;
    if (this.#state !== 'busy') return undefined;
    const reported = this.#expect<WorkerExecution>(`report/${jobId}/${attempt}`);
    this.send({ endJob: { jobId, attempt } });
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
    if (message.batch) {
      for (const each of message.batch.messages) this.receive(each);
    } else if (message.noisePrediction) this.#listener?.onNoise(message.noisePrediction);
    else if (message.roundDone) this.#listener?.onRoundDone(message.roundDone);
    else if (message.relayedFrame) this.#listener?.onRelayedFrame(message.relayedFrame);
    else if (message.pong) {
      this.clock.add(message.pong.sentMs, message.pong.clockMs, clockMs());
      // The first ones meet a process that has just started; a plan that is made now should not take them for the link.
      if (this.#pings < EAGER_PINGS) this.ping();
    } else if (message.needArtifacts) void this.#sendArtifacts(message.needArtifacts.sha256);
    else if (message.deployed)
      this.#expected.resolve(`deployed/${message.deployed.planId}`, message.deployed);
    else if (message.linksProbed)
      this.#expected.resolve(`probed/${message.linksProbed.id}`, message.linksProbed);
    else if (message.jobStarted)
      this.#expected.resolve(`started/${message.jobStarted.jobId}/${message.jobStarted.attempt}`, undefined);
    else if (message.jobReport) {
      const { jobId, attempt } = message.jobReport;
      this.#expected.resolve(`report/${jobId}/${attempt}`, fromJobReport(this.id, message.jobReport));
    } else if (message.fault) {
      const error = fromFault(this.name, message.fault);
      if (message.fault.planId !== '') this.#expected.reject(`deployed/${message.fault.planId}`, error);
      else this.#listener?.onFault(error);
    } else if (message.leaving)
      this.lose(new AsyncDiffError('worker_lost', `worker ${this.name} left: ${message.leaving.reason}`));
  }

  /** The worker is gone: everything that waits for it fails, once. */
  lose(error: AsyncDiffError): void {
    if (this.#state === 'lost') return;
    this.#go('lost');
    this.#listener?.onFault(error);
    this.#listener = undefined;
    this.#expected.rejectAll(error);
    for (const listener of this.#lossListeners) listener(error);
    this.#lossListeners.clear();
    this.#link.close();
  }

  async #sendArtifacts(hashes: readonly string[]): Promise<void> {
    for (const sha256 of hashes) {
      try {
        await this.#sendArtifact(sha256);
      } catch (error) {
        this.#expected.rejectAll(AsyncDiffError.from(error));
        return;
      }
    }
  }

  async #sendArtifact(sha256: string): Promise<void> {
    if (this.#artifacts === undefined)
      throw new AsyncDiffError('internal', `worker ${this.name} asked for a segment outside of a deployment`);
    let offsetBytes = 0;
    let previous: Uint8Array | undefined;
    // One chunk behind, so that the last one can be marked.
    for await (const chunk of this.#artifacts.read(sha256)) {
      if (previous !== undefined) {
        this.send({ artifactChunk: { sha256, offsetBytes, data: previous, last: false } });
        offsetBytes += previous.length;
      }
      previous = chunk;
    }
    this.send({ artifactChunk: { sha256, offsetBytes, data: previous ?? new Uint8Array(0), last: true } });
  }

  #expect<T>(key: string): Promise<T> {
    return this.#expected.wait(key, { what: `worker ${this.name}: ${key}` }) as Promise<T>;
  }

  #go(next: WorkerState): void {
    if (!TRANSITIONS[this.#state].includes(next)) {
      throw new AsyncDiffError(
        this.#state === 'lost' ? 'worker_lost' : 'internal',
        `worker ${this.name} is ${this.#state}, not ready to be ${next}`,
      );
    }
    this.#state = next;
  }
}
