import { randomBytes } from 'node:crypto';
import { abortable } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { packageVersion } from '../../common/package.js';
import { DEFAULT_MAX_MESSAGE_BYTES, type LinkOptions, PROTOCOL_VERSION } from '../../rpc/index.js';
import type { WorkerStream } from '../../rpc/streams/index.js';
import type { CoordinatorLog } from '../log.js';
import { AbsentWorkers } from './absent-workers.js';
import { reachableAddress } from './reachable-address.js';
import { type WorkerFacts, workerFacts } from './worker-facts.js';
import { BackOff } from './back-off.js';
import { type AcceptWorker, keepDialling } from './dialled-worker.js';
import { Heartbeat } from './heartbeat.js';
import { COORDINATOR_SILENCE_MS, WORKER_LIMITS_MS, type WorkerLimitsMs } from './limits.js';
import { freeName } from './free-name.js';
import { WorkerHandle } from './worker-handle.js';
import type { WorkerLink } from './worker-link.js';
import type { LossReason } from './worker-state.js';

interface RegistryOptions {
  readonly log: CoordinatorLog;
  /** For the workers that it dials. */
  readonly link?: LinkOptions | undefined;
  readonly onChange: (workers: readonly WorkerHandle[]) => void;
  readonly limitsMs?: Partial<WorkerLimitsMs> | undefined;
  readonly onLoss?: ((reason: LossReason) => void) | undefined;
  /** Names of workers that a coordinator had before this one in its place: they are about to join. */
  readonly expected?: readonly string[] | undefined;
}

/** The workers that are registered, whichever side dialled. */
export class WorkerRegistry {
  readonly #options: RegistryOptions;
  readonly #limitsMs: WorkerLimitsMs;
  readonly #workers = new Map<string, WorkerHandle>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  /** Workers that were late or wrong, by name: they rest when they come back. */
  readonly #backOff = new BackOff();
  readonly #absent = new AbsentWorkers();
  readonly #peerSecret = randomBytes(32);
  readonly #heartbeat: Heartbeat;
  /** Until then (monotonic milliseconds) workers that were lost, or that an earlier coordinator had, may be about to join. */
  #expectedUntilMs: number;
  /** Of {@link RegistryOptions.expected}, those that have not come. */
  readonly #missing: Set<string>;
  readonly #missedUntilMs: number;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#limitsMs = { ...WORKER_LIMITS_MS, ...options.limitsMs };
    this.#expectedUntilMs = performance.now() + this.#limitsMs.join;
    this.#missing = new Set(options.expected);
    this.#missedUntilMs = this.#expectedUntilMs;
    this.#heartbeat = new Heartbeat(() => this.#workers.values(), this.#limitsMs);
  }

  /** In the order of their names, so that the same workers are placed the same way whoever came first. */
  get workers(): WorkerHandle[] {
    return [...this.#workers.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** Those that a job may use: the ones that rest only where there is no other. */
  get usable(): WorkerHandle[] {
    const { workers } = this;
    const rested = workers.filter(({ state }) => state !== 'resting');
    return rested.length > 0 ? rested : workers;
  }

  /** It did its part of a job: what it failed at before is forgiven. */
  worked(worker: WorkerHandle): void {
    this.#backOff.worked(worker.name);
  }

  /** Resolves when at least `count` workers are registered; throws `no_workers` after `timeoutMs`, `cancelled`. */
  async waitFor(count: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#workers.size < count) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) {
        throw new AsyncDiffError(
          'no_workers',
          `${count} worker${count === 1 ? '' : 's'} wanted, ${this.#workers.size} registered after ${timeoutMs / 1000} s`,
        );
      }
      await this.nextChange(leftMs, signal);
    }
  }

  /** For so many milliseconds it is worth waiting for a worker; none or less: whoever was there is not coming back. */
  get expectedMs(): number {
    return this.#expectedUntilMs - performance.now();
  }

  /** Workers that a coordinator had before this one, while they may be about to join. */
  get missing(): readonly string[] {
    return performance.now() < this.#missedUntilMs ? [...this.#missing] : [];
  }

  /** Workers that are not here, with why: those that were lost, the last first, and those that may be about to join. */
  get absent(): readonly { readonly name: string; readonly why: string; readonly secondsAgo?: number }[] {
    const why = 'an earlier coordinator here had it: it may be about to join';
    return [...this.#absent.list(), ...this.missing.map((name) => ({ name, why }))];
  }

  /** Why a worker is not used as the others are; empty where it is. */
  noteOf({ name, state }: Pick<WorkerHandle, 'name' | 'state'>): string {
    if (state !== 'resting') return '';
    const seconds = Math.ceil(this.#backOff.leftMs(name) / 1000);
    return `used only where there is no other, for ${seconds} s more: ${this.#backOff.why(name) ?? 'it was late'}`;
  }

  /** Resolves when a worker comes or goes, and after `withinMs`. Throws `cancelled` as soon as the signal is aborted. */
  nextChange(withinMs: number, signal?: AbortSignal): Promise<void> {
    const change = new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#listeners.add(done);
    });
    return abortable(change, signal);
  }

  /** Takes over a control stream from its first message until it ends. */
  accept(stream: WorkerStream, openSupply?: WorkerLink['openSupply']): void {
    let handle: WorkerHandle | undefined;
    const timer = setTimeout(() => {
      if (handle === undefined)
        stream.fail(
          new AsyncDiffError(
            'protocol_mismatch',
            `${stream.peer} did not say hello in ${this.#limitsMs.hello / 1000} s`,
          ),
        );
    }, this.#limitsMs.hello);
    stream.listen({
      onMessage: (message) => {
        try {
          if (handle !== undefined) handle.receive(message);
          else if (message.hello) {
            clearTimeout(timer);
            handle = this.#welcome(stream, workerFacts(message.hello, stream.peer), openSupply);
          } else throw new AsyncDiffError('protocol_mismatch', `${stream.peer} did not begin with hello`);
        } catch (error) {
          this.#options.log.warn({ peer: stream.peer, error: String(error) }, 'worker refused');
          stream.fail(error);
        }
      },
      onClosed: (error) => {
        clearTimeout(timer);
        stream.end();
        if (handle !== undefined)
          handle.lose(
            new AsyncDiffError(
              'worker_lost',
              `worker ${handle.name} went away${error === undefined ? '' : `: ${error.rawMessage}`}`,
            ),
            'gone',
          );
      },
    });
  }

  /** Dials a worker that listens, and again whenever it is lost. */
  dial(address: string): Promise<void> {
    const { log, link } = this.#options;
    const accept: AcceptWorker = (stream, openSupply) => this.accept(stream, openSupply);
    return keepDialling(address, { log, link, accept, signal: this.#stop.signal });
  }

  close(): void {
    this.#stop.abort();
    this.#heartbeat.stop();
    for (const worker of this.#workers.values())
      worker.lose(new AsyncDiffError('cancelled', 'the coordinator stops'), 'closed');
  }

  #welcome(stream: WorkerStream, facts: WorkerFacts, openSupply: WorkerLink['openSupply']): WorkerHandle {
    const name = freeName(facts.name, (name) => this.#workers.has(name));
    const ownBytes = this.#options.link?.settings?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    // What goes to it must fit both.
    const maxMessageBytes = Math.min(facts.maxMessageBytes, ownBytes);
    const seen = { ...facts, maxMessageBytes, address: reachableAddress(facts.address, stream.peer) };
    const link: WorkerLink = {
      send: (message, sizeBytes) => stream.send(message, sizeBytes),
      drained: (atMostBytes) => stream.drained(atMostBytes),
      // The worker hears why, where it hears anything.
      close: (why) => (why === undefined ? stream.end() : stream.fail(why)),
      openSupply,
    };
    const handle = new WorkerHandle(name, name, seen, link, {
      restMs: this.#backOff.leftMs(name),
      limitsMs: this.#limitsMs,
    });
    this.#workers.set(name, handle);
    this.#missing.delete(name);
    this.#absent.back(name);
    handle.send({
      welcome: {
        workerId: name,
        protocolVersion: PROTOCOL_VERSION,
        version: packageVersion,
        pingIntervalMs: this.#limitsMs.ping,
        silenceMs: COORDINATOR_SILENCE_MS,
        maxMessageBytes: ownBytes,
        peerSecret: this.#peerSecret,
      },
    });
    handle.ping();
    handle.onLoss((error, reason) => {
      this.#workers.delete(name);
      this.#expectedUntilMs = Math.max(this.#expectedUntilMs, performance.now() + this.#limitsMs.rejoin);
      if (reason === 'late' || reason === 'wrong') this.#backOff.failed(name, error.rawMessage);
      this.#absent.lost(name, reason === 'left' ? 'it was told to end' : error.rawMessage);
      this.#options.onLoss?.(reason);
      this.#options.log.warn({ worker: name, reason, error: error.rawMessage }, 'worker gone');
      this.#changed();
    });
    this.#options.log.info(
      { worker: name, device: facts.device, threads: facts.threads, address: seen.address },
      'worker registered',
    );
    this.#changed();
    return handle;
  }

  #changed(): void {
    this.#options.onChange(this.workers);
    for (const listener of this.#listeners) listener();
  }
}
