import type {
  CoordinatorMessage,
  CoordinatorMessage__Output,
} from '../gen/asyncdiff/v1/CoordinatorMessage.js';
import type { TensorFrame__Output } from '../gen/asyncdiff/v1/TensorFrame.js';
import type { WorkerMessage, WorkerMessage__Output } from '../gen/asyncdiff/v1/WorkerMessage.js';
import type { ControlStream } from './control-stream.js';

/** A frame of a tensor, as it came. */
export type IncomingFrame = TensorFrame__Output;

/** The conversation between a coordinator and a worker, at the coordinator. */
export type WorkerStream = ControlStream<CoordinatorMessage, WorkerMessage__Output>;
/** The same conversation, at the worker. */
export type CoordinatorStream = ControlStream<WorkerMessage, CoordinatorMessage__Output>;

/** Says something to a worker. `sizeBytes`: of the tensors in it. */
export type SendToWorker = (message: CoordinatorMessage, sizeBytes?: number) => void;
/** Says something to the coordinator. `sizeBytes`: of the tensors in it. */
export type SendToCoordinator = (message: WorkerMessage, sizeBytes?: number) => void;
