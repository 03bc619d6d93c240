export { type Address, formatAddress, parseAddress } from './address.js';
export { messages, unary, type UnaryOptions } from './calls.js';
export {
  type CoordinatorChannel,
  type LinkOptions,
  openCoordinatorChannel,
  openWorkerChannel,
  type WorkerChannel,
} from './channel.js';
export { ControlStream, type ControlStreamHandlers, type ControlStreamOptions } from './control-stream.js';
export { clientError, fromServiceError, toServiceError } from './errors.js';
export { type AssemblerLimits, FrameAssembler, type Received, type ReceivedMeta } from './frame-assembler.js';
export { frameHead } from './frame-serializer.js';
export {
  type Chunking,
  DEFAULT_CHUNKING,
  encodeFrames,
  frameError,
  GRPC_PREFIX_BYTES,
  type OutgoingFrame,
  transferableTensor,
} from './frame.js';
export { type LinkSecurity, PLAINTEXT, type TlsIdentity, type TlsSettings } from './link-security.js';
export {
  channelOptions,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_WINDOW_BYTES,
  MIB,
  serverOptions,
  type TransportSettings,
} from './options.js';
export { fromPlanSettingsMessage, toPlanSettingsMessage } from './plan-settings-message.js';
export { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from './process-tuning.js';
export { onClientEnd } from './server-call-end.js';
export {
  coordinatorService,
  packageDefinition,
  plainSerializers,
  PROTOCOL_VERSION,
  workerService,
} from './service.js';
export {
  fromTensorMessage,
  fromTensorMessages,
  toTensorMessage,
  toTensorMessages,
} from './tensor-message.js';
