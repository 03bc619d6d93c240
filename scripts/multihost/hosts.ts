import { BULK_NODE_ARGUMENTS } from '../../common/process-tuning.js';
import { join } from 'node:path';
import { AsyncDiffError } from '../../common/errors/index.js';
import { distFile } from '../../common/package.js';
import { Child } from './child.js';
import type { LinkTest } from './link-test.js';
import type { Host, Network } from './network.js';

interface ProcessOptions {
  readonly device: string;
  readonly threads: number;
  readonly modelDir: string;
  readonly cacheDir: string;
}

/** What the coordinator knows of a worker. */
export interface WorkerFact {
  readonly name: string;
  readonly host_id: string;
  readonly address: string;
  readonly round_trip_ms: number;
}

const JOIN_TIMEOUT_MS = 120_000;
const POLL_MS = 250;
/** Before compute: the switch must not wait for what it connects. */
const SWITCH_NICE = -10;
/** Of the delay; less is lost in the noise. */
const PROXY_EXCESS = 0.05;
/** Its first half second is TCP finding its pace. */
const TEST_SECONDS = 2;
const MIN_TEST_BYTES = 2e6;
const MAX_TEST_BYTES = 512e6;

/** The processes on the hosts of a network. */
export class Hosts {
  readonly #network: Network;
  readonly #children: Child[] = [];
  readonly #signal: AbortSignal;

  constructor(network: Network, signal: AbortSignal) {
    this.#network = network;
    this.#signal = signal;
  }

  /**
   * Starts what the links need, and measures one. Passing through the user-space proxy takes some tenths of a
   * millisecond of its own: where that shows, the proxy waits so much less.
   */
  async connect(): Promise<LinkTest> {
    const { shape, delayBy } = this.#network;
    if (delayBy !== 'user-space proxy') return this.#measure();
    const proxy = await this.#startProxy(shape.delayMs);
    const measured = await this.#measure();
    const excessMs = measured.shortestRoundTripMs / 2 - shape.delayMs;
    if (excessMs < PROXY_EXCESS * shape.delayMs) return measured;
    await proxy.stop();
    await this.#startProxy(Math.max(0, shape.delayMs - excessMs));
    return this.#measure();
  }

  #startProxy(delayMs: number): Promise<Child> {
    const { proxied: entrances, switchNamespace } = this.#network;
    const settings = JSON.stringify({ delayMs, entrances });
    const script = distFile('scripts/multihost/switch-proxy.js');
    return this.#long(
      Child.start(switchNamespace, [process.execPath, ...BULK_NODE_ARGUMENTS, script, settings], {
        name: 'the proxy of the switch',
        stdout: 'keep',
        stderr: 'keep',
        nice: SWITCH_NICE,
      }),
    );
  }

  /** Raw TCP from one worker's host to another's (to the coordinator's where there is one worker only). */
  async #measure(): Promise<LinkTest> {
    const { workers, coordinator, shape } = this.#network;
    const [from, to = coordinator] = workers as readonly [Host, Host?];
    const { own, public: address } = this.#network.measurement(from);
    const script = distFile('scripts/multihost/link-test.js');
    const server = await this.#long(
      this.#start(from, [process.execPath, script, 'server', own], 'the raw TCP server'),
    );
    const wanted = ((shape.rateBitsPerSecond ?? Number.POSITIVE_INFINITY) / 8) * TEST_SECONDS;
    const bytes = Math.round(Math.min(MAX_TEST_BYTES, Math.max(MIN_TEST_BYTES, wanted)));
    const client = this.#start(
      to,
      [process.execPath, script, 'client', address, String(bytes)],
      'the raw TCP client',
    );
    this.#children.push(client);
    const result = JSON.parse(await this.#unlessAborted(client.result())) as LinkTest;
    await server.stop();
    return result;
  }

  /** One coordinator, and one worker on each other host; returns when all have joined. */
  async startProcesses(options: ProcessOptions): Promise<WorkerFact[]> {
    const { coordinator, workers } = this.#network;
    const service = this.#network.service(coordinator);
    const folder = (host: Host): string => join(options.cacheDir, `host-${host.number}`);
    const ends = ['--grace-ms', '0', '--exit-with-stdin'];
    const serve = [
      'serve',
      '--listen',
      service.own,
      '--model',
      options.modelDir,
      '--cache',
      folder(coordinator),
      // The hosts' network is inside of this machine.
      '--insecure',
    ];
    await this.#long(this.#asyncdiff(coordinator, [...serve, ...ends], 'the coordinator'));
    const started = workers.map((host) => {
      const { own, public: address } = this.#network.service(host);
      const where = ['--insecure', '--join', service.public, '--listen', own, '--advertise', address];
      const what = [
        '--device',
        options.device,
        '--threads',
        String(options.threads),
        '--cache',
        folder(host),
      ];
      const name = `host-${host.number}`;
      return this.#long(
        this.#asyncdiff(
          host,
          ['worker', ...where, ...what, '--name', name, ...ends],
          `the worker on ${name}`,
        ),
      );
    });
    await Promise.all(started);
    return this.#joined(service.own);
  }

  /** Runs a command on the coordinator's host. `asyncdiff` is this build's. */
  run(words: readonly string[], stdout: 'pass' | 'keep'): Child {
    const { coordinator } = this.#network;
    const { own } = this.#network.service(coordinator);
    const [first = '', ...rest] = words;
    const program = first === 'asyncdiff' ? [process.execPath, distFile('cli/main.js')] : [first];
    const child = Child.start(coordinator.namespace, [...program, ...rest], {
      name: words.join(' '),
      stdout,
      stderr: 'pass',
      env: { ASYNCDIFF_COORDINATOR: own },
    });
    this.#children.push(child);
    return child;
  }

  /** Processes that ended unasked, with their last words. */
  get failures(): string[] {
    return this.#children
      .filter((child) => child.failed && child.lastWords !== '')
      .map((child) => child.failure().message);
  }

  async stop(): Promise<void> {
    // Last started first: what uses the others ends before them.
    await Promise.all(this.#children.toReversed().map((child) => child.stop()));
  }

  async #joined(coordinator: string): Promise<WorkerFact[]> {
    const { workers, coordinator: host } = this.#network;
    const give_up = Date.now() + JOIN_TIMEOUT_MS;
    for (;;) {
      const status = this.#asyncdiff(
        host,
        ['status', '--coordinator', coordinator, '--json'],
        'asyncdiff status',
      );
      this.#children.push(status);
      const said = JSON.parse(await this.#unlessAborted(status.result())) as { workers: WorkerFact[] };
      if (said.workers.length === workers.length)
        return said.workers.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
      const [failure] = this.failures;
      if (failure !== undefined) throw new AsyncDiffError('worker_failed', failure);
      if (Date.now() > give_up) {
        throw new AsyncDiffError(
          'worker_unreachable',
          `${said.workers.length} of ${workers.length} workers joined within ${JOIN_TIMEOUT_MS / 1000} s`,
        );
      }
      await this.#unlessAborted(new Promise((resolve) => setTimeout(resolve, POLL_MS)));
    }
  }

  #asyncdiff(host: Host, words: readonly string[], name: string): Child {
    return this.#start(
      host,
      [process.execPath, ...BULK_NODE_ARGUMENTS, distFile('cli/main.js'), ...words],
      name,
    );
  }

  #start(host: Host, words: readonly string[], name: string): Child {
    return Child.start(host.namespace, words, { name, stdout: 'keep', stderr: 'keep' });
  }

  /** A child that lives on once it is ready. */
  async #long(child: Child): Promise<Child> {
    this.#children.push(child);
    await this.#unlessAborted(child.ready());
    return child;
  }

  async #unlessAborted<T>(promise: Promise<T>): Promise<T> {
    const signal = this.#signal;
    signal.throwIfAborted();
    let give_up: () => void = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      give_up = () => reject(signal.reason as Error);
      signal.addEventListener('abort', give_up, { once: true });
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', give_up);
    }
  }
}
