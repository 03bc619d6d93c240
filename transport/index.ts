export { type Address, formatAddress, parseAddress } from './address.js';
export {
  bidiHandler,
  type CallContext,
  clientStreamHandler,
  messages,
  serverStreamHandler,
  unary,
  unaryHandler,
  type UnaryOptions,
} from './calls.js';
export { clientError } from './client-error.js';
export { ControlStream, type ControlStreamHandlers, type ControlStreamOptions } from './control-stream.js';
export { ExchangeClient, type ExchangeClientOptions } from './exchange-client.js';
export {
  type ChannelState,
  DEFAULT_MAX_IN_FLIGHT_BYTES,
  ExchangeServer,
  type ExchangeServerOptions,
} from './exchange-server.js';
export { type AssemblerLimits, FrameAssembler, type Received, type ReceivedMeta } from './frame-assembler.js';
export {
  type Chunking,
  DEFAULT_CHUNKING,
  encodeFrames,
  type OutgoingFrame,
  transferableTensor,
} from './frame.js';
export {
  channelOptions,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_WINDOW_BYTES,
  serverOptions,
  type TransportSettings,
} from './options.js';
export { ALLOCATOR_ENVIRONMENT, BULK_NODE_ARGUMENTS } from './process-tuning.js';
export type { SentTensor } from './sent-tensor.js';
export { type RunningServer, type ServedService, startServer, type StartServerOptions } from './server.js';
export {
  CoordinatorClient,
  coordinatorService,
  PROTOCOL_VERSION,
  WorkerClient,
  workerService,
} from './service.js';
