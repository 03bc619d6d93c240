import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffClient, type DenoiseOptions, type JobEvent } from '../../client/index.js';
import { Coordinator, type CoordinatorOptions } from '../../coordinator/index.js';
import { CliProcess } from './child.js';

const quiet = { info: () => {}, warn: () => {} };

export interface ClusterOptions {
  readonly workers: number;
  readonly coordinator?: Partial<CoordinatorOptions> | undefined;
  readonly workerFlags?: readonly string[] | undefined;
  /** Folder for plans and segments; one of its own, removed at the end, where left out. */
  readonly cacheDir?: string | undefined;
}

/** A coordinator in this process and workers in processes of their own, on free ports. */
export class TestCluster {
  readonly coordinator: Coordinator;
  readonly client: AsyncDiffClient;
  readonly cacheDir: string;
  readonly workers: CliProcess[] = [];
  readonly #ownsCache: boolean;

  private constructor(coordinator: Coordinator, cacheDir: string, ownsCache: boolean) {
    this.coordinator = coordinator;
    this.cacheDir = cacheDir;
    this.#ownsCache = ownsCache;
    this.client = new AsyncDiffClient(coordinator.address);
  }

  static async start(options: ClusterOptions): Promise<TestCluster> {
    const cacheDir = options.cacheDir ?? mkdtempSync(join(tmpdir(), 'asyncdiff-cluster-'));
    const coordinator = await Coordinator.start({
      listen: '127.0.0.1:0',
      workDir: join(cacheDir, 'plans'),
      threads: 1,
      log: quiet,
      ...options.coordinator,
    });
    const cluster = new TestCluster(coordinator, cacheDir, options.cacheDir === undefined);
    try {
      for (let index = 1; index <= options.workers; index++)
        cluster.addWorker(`w${index}`, options.workerFlags);
      await cluster.waitFor(options.workers);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Starts one more worker, which joins. */
  addWorker(name: string, flags: readonly string[] = []): CliProcess {
    const worker = new CliProcess([
      'worker',
      '--join',
      this.coordinator.address,
      '--name',
      name,
      '--threads',
      '1',
      '--cache',
      join(this.cacheDir, 'segments'),
      '--exit-with-stdin',
      ...flags,
    ]);
    this.workers.push(worker);
    return worker;
  }

  async waitFor(workers: number): Promise<void> {
    await this.coordinator.registry.waitFor(workers, 60_000);
  }

  async stop(): Promise<void> {
    this.client.close();
    for (const worker of this.workers) worker.kill('SIGKILL');
    await Promise.all(this.workers.map(({ exit }) => exit));
    await this.coordinator.stop(0);
    if (this.#ownsCache) rmSync(this.cacheDir, { recursive: true, force: true });
  }
}

export type DoneEvent = Extract<JobEvent, { type: 'done' }>;

/** Follows a job to its end; all of its events. */
export async function follow(
  events: AsyncIterable<JobEvent>,
  onEvent?: (event: JobEvent) => void | Promise<void>,
): Promise<{ done: DoneEvent; events: JobEvent[] }> {
  const all: JobEvent[] = [];
  for await (const event of events) {
    all.push(event);
    await onEvent?.(event);
    if (event.type === 'done') return { done: event, events: all };
  }
  throw new Error('the job ended without a result');
}

/** Runs a denoising job to its end. */
export async function denoiseOn(
  client: AsyncDiffClient,
  options: DenoiseOptions,
  onEvent?: (event: JobEvent) => void | Promise<void>,
): ReturnType<typeof follow> {
  return follow(client.denoise(options), onEvent);
}
