import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';
import { LIMITS } from '../common/settings/index.js';

export const MIB = 1024 * 1024;

export interface TransportSettings {
  /** Largest single gRPC message, either way. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** HTTP/2 flow-control window, of each stream and of the connection. Default 16 MiB. */
  readonly windowBytes?: number | undefined;
}

export const DEFAULT_MAX_MESSAGE_BYTES: number = LIMITS.messageBytes.max;
/** As much as a producer may have in flight, so that credits alone hold it back: 1.3 GB/s at 12 ms of round trip. */
export const DEFAULT_WINDOW_BYTES: number = 16 * MIB;

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

function commonOptions(settings: TransportSettings): ChannelOptions {
  const maxMessageBytes = settings.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  return {
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  };
}

/** Options of a client's channel. The window holds for what the client receives. */
export function channelOptions(settings: TransportSettings = {}): ChannelOptions {
  return {
    ...commonOptions(settings),
    'grpc.keepalive_permit_without_calls': 1,
    'grpc-node.flow_control_window': settings.windowBytes ?? DEFAULT_WINDOW_BYTES,
    // A retry keeps a copy of every message sent; nothing here may be sent twice unasked.
    'grpc.enable_retries': 0,
    // Workers are dialled by address, on the hosts' own network.
    'grpc.enable_http_proxy': 0,
  };
}

/** Options of a server. Its receive window is opened by rpc/server/: there is no public option for it. */
export function serverOptions(settings: TransportSettings = {}): ServerOptions {
  return {
    ...commonOptions(settings),
    // More calls of one connection wait at their client.
    'grpc.max_concurrent_streams': LIMITS.streamsPerConnection.max,
  };
}
