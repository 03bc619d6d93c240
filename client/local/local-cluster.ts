import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../../common/abort.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { distFile } from '../../common/package.js';
import { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from '../../common/process-tuning.js';
import { type RunningCoordinator, startCoordinator } from '../../coordinator/index.js';
import { AsyncDiffClient } from '../index.js';

const START_TIMEOUT_MS = 30_000;
/** A run on a device cannot be interrupted: a worker that is in one is killed, so that Ctrl-C ends a command within about a second. */
const STOP_TIMEOUT_MS = 1_000;
const MAX_STDERR_LENGTH = 4_000;
/** Workers that were told to end: how they do is nobody's news. */
const stopped = new WeakSet<ChildProcess>();

export interface LocalClusterOptions {
  /** Worker processes. Defaults to 1. */
  readonly workers?: number | undefined;
  /** Model folder for `generate`; `denoise` brings its own model. */
  readonly modelDir?: string | undefined;
  /** Of every worker: `cpu`, `cuda:0`, `webgpu`, ... Defaults to `cpu`. */
  readonly device?: string | undefined;
  /** ONNX Runtime threads of each worker. Defaults to the cores shared out. */
  readonly threads?: number | undefined;
  /** Folder for plans, segments and uploaded models. Defaults to the user's cache folder. */
  readonly cacheDir?: string | undefined;
  /** Largest gRPC message, bytes. Defaults to 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Aborting it ends the start. */
  readonly signal?: AbortSignal | undefined;
  /** Where the last words of a worker go that ends unasked. Defaults to nowhere. */
  readonly stderr?: { write(text: string): unknown } | undefined;
}

/**
 * A coordinator in this process and workers in processes of their own: the same code and sockets as over a network.
 *
 *     await using cluster = await LocalCluster.start({ modelDir: 'models/sd15', workers: 2 });
 *     const { images } = await cluster.client.generate({ prompt: 'red apple' }).result();
 *
 * The workers end with this process, however it ends.
 */
export class LocalCluster implements AsyncDisposable {
  readonly client: AsyncDiffClient;
  readonly #coordinator: RunningCoordinator;
  readonly #children: readonly ChildProcess[];
  #closed: Promise<void> | undefined;

  private constructor(
    coordinator: RunningCoordinator,
    children: readonly ChildProcess[],
    maxMessageBytes: number | undefined,
  ) {
    this.#coordinator = coordinator;
    this.client = new AsyncDiffClient(coordinator.address, { maxMessageBytes });
    this.#children = children;
  }

  /** @throws AsyncDiffError what the first worker that cannot start says: `invalid_settings`, `provider_unavailable`, `port_in_use` */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const { workers = 1, modelDir, cacheDir, maxMessageBytes, signal } = options;
    throwIfAborted(signal);
    const coordinator = await startCoordinator({
      listen: '127.0.0.1:0',
      modelDir,
      maxMessageBytes,
      workDir: cacheDir === undefined ? undefined : join(cacheDir, 'plans'),
    });
    const children: ChildProcess[] = [];
    const cluster = new LocalCluster(coordinator, children, maxMessageBytes);
    try {
      throwIfAborted(signal);
      const ended: Promise<never>[] = [];
      for (let index = 1; index <= workers; index++) {
        const { child, failed } = startWorker(`local-${index}`, coordinator.address, options);
        children.push(child);
        ended.push(failed);
      }
      const registered = coordinator.waitForWorkers(workers, { timeoutMs: START_TIMEOUT_MS, signal });
      await Promise.race([registered, ...ended]);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** HOST:PORT of the coordinator, on the loopback interface. */
  get address(): string {
    return this.#coordinator.address;
  }

  /** Process ids of the workers. */
  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** Makes a noise predictor known without a copy; its content address, for `denoise`. */
  addModel(modelPath: string): Promise<string> {
    return this.#coordinator.addModel(modelPath);
  }

  /** Cancels what runs and ends the workers. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.client.close();
    await Promise.all([...this.#children.map(stop), this.#coordinator.stop(0)]);
  }
}

/** ONNX Runtime threads of each of so many workers: the cores of this machine, shared out. */
export function defaultThreads(workers: number): number {
  return Math.max(1, Math.floor(availableParallelism() / workers));
}

function startWorker(
  name: string,
  coordinator: string,
  options: LocalClusterOptions,
): { child: ChildProcess; failed: Promise<never> } {
  const {
    workers = 1,
    device = 'cpu',
    threads = defaultThreads(workers),
    cacheDir,
    maxMessageBytes,
  } = options;
  const flags = [
    '--join',
    coordinator,
    '--name',
    name,
    '--device',
    device,
    '--threads',
    String(threads),
    '--exit-with-stdin',
  ];
  if (cacheDir !== undefined) flags.push('--cache', join(cacheDir, 'segments'));
  if (maxMessageBytes !== undefined) flags.push('--max-message-mb', String(maxMessageBytes / 2 ** 20));
  const child = spawn(
    process.execPath,
    [...BULK_NODE_ARGUMENTS, distFile('cli/main.js'), 'worker', ...flags],
    {
      // stdin stays open as long as this process lives: when it dies, however it dies, the workers see it close and end.
      stdio: ['pipe', 'ignore', 'pipe'],
      // A process group of their own: Ctrl-C reaches this process alone, which cancels the job and then ends them.
      detached: true,
      env: { ...ownEnvironment(), ...ALLOCATOR_ENVIRONMENT },
    },
  );
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-MAX_STDERR_LENGTH);
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(AsyncDiffError.from(error, 'worker_failed')));
    child.once('exit', (code, signal) => {
      const said = /error: \[(\w+)\] (.*)\n(?:hint: (.*)\n)?/.exec(tail);
      if (code !== 0 && !stopped.has(child)) options.stderr?.write(tail);
      const how = signal === null ? `code ${code}` : signal;
      reject(
        said === null
          ? new AsyncDiffError(
              'worker_failed',
              `local worker ${name} ended (${how}): ${tail.trim().split('\n').at(-1) ?? ''}`,
            )
          : new AsyncDiffError(said[1] as 'worker_failed', said[2] as string, { hint: said[3] }),
      );
    });
  });
  failed.catch(() => undefined);
  return { child, failed };
}

/** Without the settings of this command: a worker gets its own as flags, and talks over loopback in plain text. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ASYNCDIFF_')));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  stopped.add(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
