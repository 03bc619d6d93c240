import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../gen/asyncdiff/v1/CoordinatorMessage.js';
import type { WorkerMessage, WorkerMessage__Output } from '../gen/asyncdiff/v1/WorkerMessage.js';
import type { ControlStream } from './control-stream.js';

/** The conversation between a coordinator and a worker, at the coordinator. */
export type WorkerStream = ControlStream<CoordinatorMessage, WorkerMessage__Output>;
/** The same conversation, at the worker. */
export type CoordinatorStream = ControlStream<WorkerMessage, CoordinatorMessage__Output>;
