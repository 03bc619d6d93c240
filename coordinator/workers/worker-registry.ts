import { AsyncDiffError } from '../../common/errors/index.js';
import { packageVersion } from '../../common/package.js';
import { type LinkOptions, openWorkerChannel, PROTOCOL_VERSION } from '../../rpc/index.js';
import { ControlStream } from '../../rpc/streams/index.js';
import type { CoordinatorMessage } from '../../rpc/gen/asyncdiff/v1/CoordinatorMessage.js';
import type { Hello__Output } from '../../rpc/gen/asyncdiff/v1/Hello.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import type { CoordinatorLog } from '../log.js';
import { reachableAddress } from './reachable-address.js';
import { workerFacts } from './worker-facts.js';
import { WorkerHandle } from './worker-handle.js';

export type WorkerStream = ControlStream<CoordinatorMessage, WorkerMessage__Output>;

const HELLO_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 2_000;
/** Pings without any word before a worker counts as lost. Its network thread never computes, so it has no excuse. */
const MISSED_PINGS = 4;
const REDIAL_MS = 1_000;

export interface RegistryOptions {
  readonly log: CoordinatorLog;
  /** For the workers that it dials. */
  readonly link?: LinkOptions | undefined;
  readonly onChange: (workers: readonly WorkerHandle[]) => void;
}

/** The workers that are registered, whichever side dialled. */
export class WorkerRegistry {
  readonly #options: RegistryOptions;
  readonly #workers = new Map<string, WorkerHandle>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), PING_INTERVAL_MS);
    this.#heartbeat.unref();
  }

  /** In the order of their names, so that the same workers are placed the same way whoever came first. */
  get workers(): WorkerHandle[] {
    return [...this.#workers.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** Resolves when at least `count` workers are registered; throws `no_workers` after `timeoutMs`. */
  async waitFor(count: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    while (this.#workers.size < count) {
      const leftMs = deadlineMs - performance.now();
      if (signal?.aborted === true) throw AsyncDiffError.from(signal.reason, 'cancelled');
      if (leftMs <= 0) {
        throw new AsyncDiffError(
          'no_workers',
          `${count} worker${count === 1 ? '' : 's'} wanted, ${this.#workers.size} registered after ${timeoutMs / 1000} s`,
        );
      }
      await this.#nextChange(leftMs);
    }
  }

  /** Takes over a control stream from its first message until it ends. */
  accept(stream: WorkerStream): void {
    let handle: WorkerHandle | undefined;
    const timer = setTimeout(() => {
      if (handle === undefined)
        stream.fail(
          new AsyncDiffError(
            'protocol_mismatch',
            `${stream.peer} did not say hello in ${HELLO_TIMEOUT_MS / 1000} s`,
          ),
        );
    }, HELLO_TIMEOUT_MS);
    stream.listen({
      onMessage: (message) => {
        try {
          if (handle !== undefined) handle.receive(message);
          else if (message.hello) {
            clearTimeout(timer);
            handle = this.#welcome(stream, message.hello);
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
          );
      },
    });
  }

  /** Dials a worker that listens, and again whenever it is lost. */
  async dial(address: string): Promise<void> {
    const { log, link } = this.#options;
    let told = false;
    while (!this.#stop.signal.aborted) {
      const client = openWorkerChannel(address, link);
      const call = client.attach();
      let heard = false;
      call.once('data', () => {
        heard = true;
      });
      const ended = new Promise<void>((resolve) => {
        call.once('close', resolve);
        call.once('error', () => resolve());
        call.once('end', () => resolve());
      });
      this.accept(new ControlStream(call));
      await ended;
      client.close();
      // Once for each absence, not at every try.
      if (heard) told = false;
      if (!told) log.warn({ worker: address }, 'worker does not answer; trying until it does');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, REDIAL_MS).unref());
    }
  }

  close(): void {
    this.#stop.abort();
    clearInterval(this.#heartbeat);
    for (const worker of this.#workers.values())
      worker.lose(new AsyncDiffError('cancelled', 'the coordinator stops'));
  }

  #welcome(stream: WorkerStream, hello: Hello__Output): WorkerHandle {
    const facts = workerFacts(hello, stream.peer);
    const name = this.#freeName(facts.name);
    const seen = { ...facts, address: reachableAddress(facts.address, stream.peer) };
    const handle = new WorkerHandle(name, name, seen, {
      send: (message) => stream.send(message),
      close: () => stream.end(),
    });
    this.#workers.set(name, handle);
    handle.send({
      welcome: {
        workerId: name,
        protocolVersion: PROTOCOL_VERSION,
        version: packageVersion,
        pingIntervalMs: PING_INTERVAL_MS,
      },
    });
    handle.ping();
    handle.onLoss((error) => {
      this.#workers.delete(name);
      this.#options.log.warn({ worker: name, reason: error.rawMessage }, 'worker gone');
      this.#changed();
    });
    this.#options.log.info(
      { worker: name, device: facts.device, threads: facts.threads, address: seen.address },
      'worker registered',
    );
    this.#changed();
    return handle;
  }

  #freeName(wanted: string): string {
    const base = wanted === '' ? 'worker' : wanted;
    if (!this.#workers.has(base)) return base;
    let count = 2;
    while (this.#workers.has(`${base}-${count}`)) count += 1;
    return `${base}-${count}`;
  }

  #beat(): void {
    for (const worker of this.#workers.values()) {
      if (worker.silentMs > PING_INTERVAL_MS * MISSED_PINGS) {
        worker.lose(
          new AsyncDiffError(
            'worker_lost',
            `worker ${worker.name} has not answered for ${Math.round(worker.silentMs / 1000)} s`,
          ),
        );
      } else worker.ping();
    }
  }

  #changed(): void {
    this.#options.onChange(this.workers);
    for (const listener of this.#listeners) listener();
  }

  #nextChange(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#listeners.add(done);
    });
  }
}
