import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { CoordinatorClient as CoordinatorStub } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerClient as WorkerStub } from './gen/asyncdiff/v1/Worker.js';
import { type LinkSecurity, PLAINTEXT } from './link-security.js';
import { channelOptions, type TransportSettings } from './options.js';
import { clientConstructors } from './service.js';

/** How a channel is opened. */
export interface LinkOptions {
  /** Default {@link PLAINTEXT}. */
  readonly security?: LinkSecurity | undefined;
  readonly settings?: TransportSettings | undefined;
}

export type CoordinatorChannel = CoordinatorStub;
export type WorkerChannel = WorkerStub;

/** A channel to a coordinator at HOST:PORT, for its caller to close. It connects at the first call. */
export function openCoordinatorChannel(address: string, options: LinkOptions = {}): CoordinatorChannel {
  return new (clientConstructors().Coordinator)(
    address,
    channelCredentials(options.security),
    channelOptions(options.settings),
  );
}

/** A channel to a worker at HOST:PORT, for its caller to close. It connects at the first call. */
export function openWorkerChannel(address: string, options: LinkOptions = {}): WorkerChannel {
  return new (clientConstructors().Worker)(
    address,
    channelCredentials(options.security),
    channelOptions(options.settings),
  );
}

function channelCredentials(_security: LinkSecurity = PLAINTEXT): ChannelCredentials {
  return credentials.createInsecure();
}
