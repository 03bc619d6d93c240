export { fromArgumentMessages, toArgumentMessages } from './argument-messages.js';
export { type Address, formatAddress, parseAddress } from './address.js';
export { messages, unary, type UnaryOptions } from './calls.js';
export {
  channelArguments,
  type CoordinatorChannel,
  type LinkOptions,
  openCoordinatorChannel,
  openWorkerChannel,
  type WorkerChannel,
} from './channel.js';
export { clientError, fromServiceError, isCoded, toServiceError } from './errors.js';
export {
  type Chunking,
  DEFAULT_CHUNKING,
  encodeFrames,
  frameError,
  GRPC_PREFIX_BYTES,
  type OutgoingFrame,
  transferableTensor,
  describeTensor,
  markOwned,
  varint,
} from './frame.js';
export {
  isLoopback,
  type KeyHolder,
  type KeyRing,
  type LinkSecurity,
  loadSecurity,
  PLAINTEXT,
  type Role,
  type SecurityFiles,
  type TlsIdentity,
  type TlsSettings,
} from './link-security.js';
export {
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_WINDOW_BYTES,
  MIB,
  serverOptions,
  type TransportSettings,
} from './options.js';
export {
  fromJobSettingsMessage,
  fromPlanSettingsMessage,
  toPlanSettingsMessage,
  withJobSettings,
} from './settings-message.js';
export {
  coordinatorService,
  MESSAGE_OPTIONS,
  PROTO_FILES,
  PROTO_FOLDER,
  PROTOCOL_VERSION,
  workerService,
} from './service.js';
export {
  alignInPlace,
  checkTensorMessage,
  fromTensorMessage,
  fromTensorMessages,
  toTensorMessage,
  toTensorMessages,
} from './tensor-message.js';
