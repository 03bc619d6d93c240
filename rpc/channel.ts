import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls';
import { type ChannelCredentials, type ClientOptions, credentials } from '@grpc/grpc-js';
import { AsyncDiffError } from '../common/errors/index.js';
import { parseAddress } from './address.js';
import type { CoordinatorClient as CoordinatorStub } from './gen/asyncdiff/v1/Coordinator.js';
import type { WorkerClient as WorkerStub } from './gen/asyncdiff/v1/Worker.js';
import { linkInterceptor } from './link-interceptor.js';
import { isLoopback, type LinkSecurity, PLAINTEXT, type TlsSettings } from './link-security.js';
import { channelOptions, type TransportSettings } from './options.js';
import { clientConstructors } from './service.js';

/** How a channel is opened. */
export interface LinkOptions {
  /** Default {@link PLAINTEXT}. */
  readonly security?: LinkSecurity | undefined;
  readonly settings?: TransportSettings | undefined;
  /** A connection for this channel alone: what is bulk on it keeps nothing else waiting. Default: channels to one address share one. */
  readonly ownConnection?: boolean | undefined;
}

export type CoordinatorChannel = CoordinatorStub;
export type WorkerChannel = WorkerStub;

/**
 * A channel to a coordinator at HOST:PORT, for its caller to close. It connects at the first call.
 *
 * @throws AsyncDiffError `address_invalid`, `invalid_settings`
 */
export function openCoordinatorChannel(address: string, options: LinkOptions = {}): CoordinatorChannel {
  return new (clientConstructors().Coordinator)(address, ...channelArguments(address, options));
}

/** A channel to a worker at HOST:PORT, for its caller to close. It connects at the first call. */
export function openWorkerChannel(address: string, options: LinkOptions = {}): WorkerChannel {
  return new (clientConstructors().Worker)(address, ...channelArguments(address, options));
}

/** What a client of grpc-js is made with, for services that are not ours (health, reflection). */
export function channelArguments(
  address: string,
  { security = PLAINTEXT, settings, ownConnection }: LinkOptions = {},
): [ChannelCredentials, ClientOptions] {
  const { host } = parseAddress(address);
  refuseOpenKey(host, security);
  const options: ClientOptions = {
    ...channelOptions(settings),
    ...(ownConnection === true && { 'grpc.use_local_subchannel_pool': 1 }),
    interceptors: [linkInterceptor(address, security)],
  };
  if (security.tls === undefined) return [credentials.createInsecure(), options];
  // TLS names no IP addresses when it says whom it wants (RFC 6066); the certificate is held against the address all the same.
  if (isIP(host) !== 0) options['grpc.ssl_target_name_override'] = 'ip-address.invalid';
  return [
    credentials.createFromSecureContext(secureContext(security.tls), {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    }),
    options,
  ];
}

/** A key that anyone on the way can read is anyone's. */
function refuseOpenKey(host: string, { tls, key, insecure }: LinkSecurity): void {
  if (key === undefined || tls !== undefined || insecure === true || isLoopback(host)) return;
  throw new AsyncDiffError('invalid_settings', `the key of this process would go to ${host} in plain text`, {
    hint: 'Give --tls-ca (docs/guides/security.md), or --insecure where the network itself is encrypted (VPN, service mesh).',
  });
}

const contexts = new WeakMap<TlsSettings, SecureContext>();

/** One for all channels of a process: making it reads every CA. */
function secureContext(tls: TlsSettings): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    context = createSecureContext({ ca: tls.ca, cert: tls.identity?.certificate, key: tls.identity?.key });
    contexts.set(tls, context);
  }
  return context;
}
