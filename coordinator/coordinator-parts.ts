import type { Pipeline } from './pipeline/index.js';
import type { Deployments, PlacedParts } from './deployment/index.js';
import type { ClientJobs, JobMetrics, Jobs } from './jobs/index.js';
import type { ModelStore } from './model-store.js';
import type { HeldMemory } from './held-memory.js';
import type { Turns } from './turns.js';
import type { WorkerRegistry } from './workers/index.js';

/** What the calls of a coordinator work with. */
export interface CoordinatorParts {
  readonly registry: WorkerRegistry;
  readonly models: ModelStore;
  readonly metrics: JobMetrics;
  readonly deployments: Deployments;
  /** Undefined where it was started without a model. */
  readonly pipeline: Pipeline | undefined;
  /** Its text encoders and VAE on workers. */
  readonly parts: PlacedParts | undefined;
  readonly version: string;
  readonly jobs: Jobs;
  readonly clients: ClientJobs;
  /** Inputs of runs. */
  readonly heldByRuns: HeldMemory;
  /** Inputs of the other jobs. */
  readonly heldByJobs: HeldMemory;
  /** Plans that nobody runs take turns: each is a process of its own. */
  readonly planTurns: Turns;
  /** So long a client may read nothing of what its job tells, or send nothing of what it has begun, milliseconds. */
  readonly clientStallMs: number;
}
