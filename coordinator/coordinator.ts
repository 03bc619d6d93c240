import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { LIMITS } from '../common/settings/index.js';
import { packageVersion } from '../common/package.js';
import { describeWith } from '../common/pending/index.js';
import { Pipeline } from './pipeline/index.js';
import { requireRuntime } from '../execution/index.js';
import { defaultWorkDir } from '../planner/index.js';
import { coordinatorService, type LinkOptions, channelArguments } from '../rpc/index.js';
import type { CoordinatorParts } from './coordinator-parts.js';
import { COORDINATOR_ACCESS, coordinatorHandlers } from './coordinator-service.js';
import { Deployments, PlacedParts, type RelayMeter } from './deployment/index.js';
import { ClientJobs, Jobs } from './jobs/index.js';
import type { CoordinatorLog } from './log.js';
import { type JobMetrics, NO_METRICS } from './jobs/index.js';
import type { StartCoordinatorOptions } from './coordinator-options.js';
import { ModelStore } from './model-store.js';
import { HeldMemory } from './held-memory.js';
import { Turns } from './turns.js';
import { KnownWorkers, type WorkerLimitsMs, WorkerRegistry } from './workers/index.js';
import { type RunningServer, startServer } from '../rpc/server/index.js';

/** Time that a job which is told to end gets for it: a run in progress cannot be interrupted. */
const ABORT_MS = 2_000;
/** Time that the last messages get to leave. */
const FAREWELL_MS = 500;

export interface CoordinatorOptions extends Omit<StartCoordinatorOptions, 'log'> {
  /** Limits of docs/reference/limits.md that may be raised; the table's where they are left out. */
  readonly maxJobsPerClient?: number | undefined;
  readonly maxStoredBytes?: number | undefined;
  readonly clientStallMs?: number | undefined;
  readonly heldInputBytes?: number | undefined;
  readonly relayedBytes?: number | undefined;
  /** Made with what the relay holds. Default: nothing is counted. */
  readonly metrics?: ((relay: RelayMeter) => JobMetrics) | undefined;
  /** How long workers may take for what is asked of them, milliseconds; see WorkerLimitsMs. */
  readonly limitsMs?: Partial<WorkerLimitsMs> | undefined;
  readonly log: CoordinatorLog;
}

/** The coordinator: takes jobs and workers, plans, issues rounds, runs the sampler. It needs no GPU. */
export class Coordinator implements CoordinatorParts {
  readonly registry: WorkerRegistry;
  readonly models: ModelStore;
  readonly metrics: JobMetrics;
  readonly jobs: Jobs;
  readonly clients: ClientJobs;
  readonly heldByRuns = new HeldMemory('runs', LIMITS.heldRunBytes.max);
  readonly heldByJobs: HeldMemory;
  readonly planTurns = new Turns(LIMITS.plansAtOnce.max);
  readonly deployments: Deployments;
  readonly pipeline: Pipeline | undefined;
  readonly parts: PlacedParts | undefined;
  readonly clientStallMs: number;
  readonly #server: RunningServer;
  #isStopping = false;
  readonly #undescribe: () => void;

  private constructor(
    options: CoordinatorOptions,
    pipeline: Pipeline | undefined,
    start: (coordinator: Coordinator) => RunningServer,
  ) {
    const workDir = options.workDir ?? defaultWorkDir();
    this.pipeline = pipeline;
    const { relayedBytes = LIMITS.relayedBytes.max } = options;
    this.deployments = new Deployments({ workDir, threads: 1, log: options.log, relayedBytes });
    this.metrics = options.metrics?.(this.deployments.relayMeter) ?? NO_METRICS;
    this.clientStallMs = options.clientStallMs ?? LIMITS.clientStallMs.max;
    // One that listens on any free port takes nobody's place.
    const known = options.listen.endsWith(':0') ? undefined : new KnownWorkers(workDir, options.listen);
    this.registry = new WorkerRegistry({
      expected: known?.names(),
      log: options.log,
      link: linkOf(options),
      limitsMs: options.limitsMs,
      onChange: (workers) => {
        this.metrics.workers(workers.length);
        this.#tellHealth();
        if (!this.#isStopping) known?.keep(workers.map(({ name }) => name));
      },
      onLoss: (reason) => this.metrics.workerLost(reason),
    });
    this.models = new ModelStore(join(workDir, 'models'), options.maxStoredBytes);
    const { maxQueued = LIMITS.queuedJobs.max, log } = options;
    this.jobs = new Jobs({ maxQueued, metrics: this.metrics, log });
    this.heldByJobs = new HeldMemory('jobs', options.heldInputBytes ?? LIMITS.heldInputBytes.max);
    this.clients = new ClientJobs(options.maxJobsPerClient ?? LIMITS.jobsPerClient.max);
    this.parts = pipeline === undefined ? undefined : this.#placeParts(pipeline, log);
    this.#server = start(this);
    this.#tellHealth();
    this.#undescribe = describeWith(() => this.#describe());
  }

  /** Throws `port_in_use`, `address_invalid`, `invalid_settings`, `model_not_found`, `model_invalid`, `provider_unavailable`. */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    for (const address of options.workers ?? []) channelArguments(address, linkOf(options));
    const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    // Plans are made with it: where it is missing, this says so before the first job does.
    if (options.modelDir !== undefined) requireRuntime();
    const pipeline =
      options.modelDir === undefined
        ? undefined
        : await Pipeline.open(options.modelDir, { threads, workDir: options.workDir });
    let coordinator: Coordinator | undefined;
    try {
      // The handlers need the coordinator, which needs the server: they look it up when a call comes.
      const server = await startServer({
        listen: options.listen,
        services: [
          {
            definition: coordinatorService(),
            handlers: coordinatorHandlers(() => coordinator as Coordinator),
            access: COORDINATOR_ACCESS,
          },
        ],
        ...linkOf(options),
        messageStallMs: options.clientStallMs,
        onRefused: (refusal) => options.log.warn(refusal, 'connection refused'),
      });
      coordinator = new Coordinator(options, pipeline, () => server);
    } catch (error) {
      await pipeline?.close();
      throw error;
    }
    for (const address of options.workers ?? []) void coordinator.registry.dial(address);
    return coordinator;
  }

  /** HOST:PORT. */
  get address(): string {
    return this.#server.address;
  }

  get version(): string {
    return packageVersion;
  }

  /** Takes no new jobs, lets the running one finish within `graceMs`, closes everything. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#server.setHealth('NOT_SERVING');
    const stopping = new AsyncDiffError('coordinator_unreachable', 'the coordinator is shutting down', {
      hint: 'Submit the job again when it is back, or to another one.',
    });
    this.jobs.close(stopping);
    await this.#idle(graceMs);
    this.jobs.abort(stopping);
    // The client hears why its job ends before its connection does.
    await this.#idle(ABORT_MS);
    this.registry.close();
    await this.#server.drain(graceMs === 0 ? 0 : FAREWELL_MS);
    await this.pipeline?.close();
    this.#undescribe();
  }

  /** Text encoders and VAE on workers, which give way to plans. */
  #placeParts(pipeline: Pipeline, log: CoordinatorLog): PlacedParts {
    const { deployments } = this;
    const parts = new PlacedParts({
      shelf: deployments.shelf,
      model: (part) => pipeline.exportPart(part),
      deployedBytes: (workerId) => deployments.deployedBytes(workerId),
      giveUpPlan: () => deployments.giveUpIdle(),
      log,
    });
    deployments.onDeploy = (worker, bytes) => parts.makeRoom(worker, bytes);
    return parts;
  }

  /** For a person who asks what it is at. */
  #describe(): string[] {
    return [
      `coordinator at ${this.address}: ${this.jobs.running} running, ${this.jobs.queued} queued`,
      ...this.registry.workers.map(
        ({ name, state, silentMs }) =>
          `worker ${name}: ${state}, heard of ${(silentMs / 1000).toFixed(1)} s ago`,
      ),
    ];
  }

  /** The process serves as long as it does not stop; the service only where a job could be placed. */
  #tellHealth(): void {
    if (this.#isStopping) return;
    const canPlace = this.registry.workers.length > 0;
    this.#server.setHealth(canPlace ? 'SERVING' : 'NOT_SERVING', 'asyncdiff.v1.Coordinator');
  }

  async #idle(withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    while (this.jobs.running > 0 && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function linkOf({ security, maxMessageBytes }: CoordinatorOptions): LinkOptions {
  return { security, settings: { maxMessageBytes } };
}
