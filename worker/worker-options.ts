import type { LinkSecurity } from '../rpc/index.js';
import type { WorkerLog } from './log.js';

/**
 * States of a worker, as it tells them in its log and its health service:
 *
 * | state | meaning | health |
 * |---|---|---|
 * | starting | opens its port and its inference thread | |
 * | waiting | no coordinator: dials one, or waits to be dialled | SERVING |
 * | joined | registered at a coordinator | SERVING |
 * | draining | finishes the job in progress, takes no new one | NOT_SERVING |
 * | stopped | everything is closed | |
 */
export type WorkerState = 'starting' | 'waiting' | 'joined' | 'draining' | 'stopped';

export interface WorkerOptions {
  /** Coordinator to register with, HOST:PORT. */
  readonly join?: string | undefined;
  /** Where to listen for other workers and, without `join`, for the coordinator. Defaults to any port at the address that faces the coordinator. */
  readonly listen?: string | undefined;
  /** Address that other workers dial, if not the one that it listens at. */
  readonly advertise?: string | undefined;
  /** Defaults to cpu. */
  readonly device?: string | undefined;
  /** ONNX Runtime threads. Defaults to the cores less one, which the network keeps. */
  readonly threads?: number | undefined;
  readonly cacheDir?: string | undefined;
  /** What the cache may hold, bytes. Default 100 GB. */
  readonly cacheMaxBytes?: number | undefined;
  /** Speed beside the other workers; the planner gives this one so much more of the compute. Default 1. */
  readonly speed?: number | undefined;
  /** Memory of the device for its part of a model, bytes. Defaults to the host's for `cpu`, unknown for others: then any part is taken to fit. */
  readonly memoryBytes?: number | undefined;
  /** Name for people. Defaults to the host's. */
  readonly name?: string | undefined;
  readonly maxMessageBytes?: number | undefined;
  /** Of its own port, its coordinator, and the workers that it dials. Default: plain text. */
  readonly security?: LinkSecurity | undefined;
  /** Tensors from workers on this host come through shared memory where there is some. Default true. */
  readonly sharedMemory?: boolean | undefined;
  /**
   * How long a run on the device may outlast the plan that it belongs to, milliseconds: then it counts as one without an end, and the inference
   * thread is replaced. Default 60,000.
   */
  readonly runPatienceMs?: number | undefined;
  readonly log: WorkerLog;
}
