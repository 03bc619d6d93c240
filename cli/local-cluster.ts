import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { AsyncDiffClient } from '../client/index.js';
import { AsyncDiffError } from '../common/errors/index.js';
import { distFile } from '../common/package.js';
import { Coordinator } from '../coordinator/index.js';
import { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from '../common/process-tuning.js';
import { quietLog } from './log.js';
import { messageLimitBytes } from './message-limit.js';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const KEPT_STDERR = 4_000;

export interface LocalClusterOptions {
  readonly workers: number;
  readonly modelDir?: string | undefined;
  readonly device: string;
  readonly threads: number;
  readonly cacheDir?: string | undefined;
  readonly maxMessageMb?: number | undefined;
  readonly signal: AbortSignal;
  /** Where the last words of a worker go that ends unasked. */
  readonly stderr: { write(text: string): unknown };
}

/** A coordinator in this process and workers in processes of their own: the same code and sockets as over a network. */
export class LocalCluster {
  readonly client: AsyncDiffClient;
  readonly coordinator: Coordinator;
  readonly #children: readonly ChildProcess[];
  #closed: Promise<void> | undefined;

  private constructor(
    coordinator: Coordinator,
    children: readonly ChildProcess[],
    maxMessageBytes: number | undefined,
  ) {
    this.coordinator = coordinator;
    this.client = new AsyncDiffClient(coordinator.address, { maxMessageBytes });
    this.#children = children;
  }

  /** Throws what the first worker that cannot start says: `invalid_settings`, `provider_unavailable`, `port_in_use`. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { workers, cacheDir } = options;
    const maxMessageBytes = messageLimitBytes(options.maxMessageMb);
    const coordinator = await Coordinator.start({
      listen: '127.0.0.1:0',
      modelDir: options.modelDir,
      maxMessageBytes,
      workDir: cacheDir === undefined ? undefined : join(cacheDir, 'plans'),
      log: quietLog,
    });
    const children: ChildProcess[] = [];
    const cluster = new LocalCluster(coordinator, children, maxMessageBytes);
    try {
      const ended: Promise<never>[] = [];
      for (let index = 1; index <= workers; index++) {
        const { child, failed } = startWorker(`local-${index}`, coordinator.address, options);
        children.push(child);
        ended.push(failed);
      }
      await Promise.race([coordinator.registry.waitFor(workers, START_TIMEOUT_MS, options.signal), ...ended]);
      for (const promise of ended) promise.catch(() => undefined);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Process ids of the workers. */
  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.client.close();
    await Promise.all(this.#children.map(stop));
    await this.coordinator.stop(0);
  }
}

function startWorker(
  name: string,
  coordinator: string,
  options: LocalClusterOptions,
): { child: ChildProcess; failed: Promise<never> } {
  const { device, threads, cacheDir } = options;
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
  if (options.maxMessageMb !== undefined) flags.push('--max-message-mb', String(options.maxMessageMb));
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
    tail = (tail + text).slice(-KEPT_STDERR);
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(AsyncDiffError.from(error, 'worker_failed')));
    child.once('exit', (code, signal) => {
      const said = /error: \[(\w+)\] (.*)\n(?:hint: (.*)\n)?/.exec(tail);
      // SIGTERM is how this process ends them; anything else the user should see.
      if (code !== 0 && signal !== 'SIGTERM') options.stderr.write(tail);
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
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
