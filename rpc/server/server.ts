import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import {
  type Address,
  DEFAULT_WINDOW_BYTES,
  formatAddress,
  isLoopback,
  type LinkSecurity,
  parseAddress,
  PLAINTEXT,
  serverOptions,
  type TransportSettings,
} from '../index.js';
import { LIMITS } from '../../common/settings/index.js';
import { type Access, admission } from './admission.js';
import { callReading } from './call-reading.js';
import { Health, type HealthStatus } from './health.js';
import { ServerSockets } from './http2-servers.js';
import { addReflection } from './reflection.js';
import { onceEach, type Refusal, reportRefusals } from './server-refusals.js';
import { openServerWindows } from './server-window.js';

export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
  /** Who may call each method, by its name. Left out: `any`. */
  readonly access?: Readonly<Record<string, Access>> | undefined;
}

export interface StartServerOptions {
  /** HOST:PORT; port 0 for any free one. */
  readonly listen: string;
  readonly services: readonly ServedService[];
  /** Closes the server, at once, when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Default: plain text. */
  readonly security?: LinkSecurity | undefined;
  readonly settings?: TransportSettings | undefined;
  /** So long a message that has begun may not go on, milliseconds. Default: `client_stall_ms` of the limits. */
  readonly messageStallMs?: number | undefined;
  /** A connection or a call was refused for its security; once for each peer and reason. */
  readonly onRefused?: ((refusal: Refusal) => void) | undefined;
}

export interface RunningServer {
  /** HOST:PORT with the port that was bound. */
  readonly address: string;
  readonly server: Server;
  /** What the health service answers: for one of its services, or for the server (`''`) and all of them. */
  setHealth(status: HealthStatus, service?: string): void;
  /** Takes no new calls, waits up to `graceMs` for those that run, then cancels them. */
  drain(graceMs: number): Promise<void>;
  /** Cancels every call and closes every connection. */
  close(): Promise<void>;
}

/**
 * Starts a gRPC server with health and reflection services and open flow-control windows.
 *
 * @throws AsyncDiffError `port_in_use`, `address_invalid`, `invalid_settings`
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  if (options.signal?.aborted) throw AsyncDiffError.from(options.signal.reason, 'cancelled');
  const address = parseAddress(options.listen);
  const { security = PLAINTEXT, services } = options;
  requireProtection(address, security, services);
  const refused = onceEach(options.onRefused);
  const server = new Server({
    ...serverOptions(options.settings),
    interceptors: [
      callReading(options.messageStallMs ?? LIMITS.clientStallMs.max),
      admission(security, accessByPath(services), refused),
    ],
  });
  for (const { definition, handlers } of services) server.addService(definition, handlers);

  const health = new Health();
  const setHealth = (status: HealthStatus, service?: string): void => {
    const all = ['', ...services.map(({ definition }) => serviceName(definition))];
    for (const name of service === undefined ? all : [service]) health.set(name, status);
  };
  health.addTo(server);
  addReflection(server);

  const bound = openServerWindows(server, options.settings?.windowBytes ?? DEFAULT_WINDOW_BYTES);
  const port = await bind(server, address, serverCredentials(security));
  bound();
  reportRefusals(server, refused);
  const sockets = new ServerSockets(server);
  setHealth('SERVING');

  const cancelAll = (): void => {
    server.forceShutdown();
    sockets.cutSoon();
  };
  let closed: Promise<void> | undefined;
  const drain = (graceMs: number): Promise<void> => {
    if (closed !== undefined) {
      if (graceMs <= 0) cancelAll();
      return closed;
    }
    setHealth('NOT_SERVING');
    closed = new Promise((resolve) => {
      const timer = setTimeout(cancelAll, Math.max(0, graceMs));
      server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    if (graceMs <= 0) cancelAll();
    return closed;
  };
  const close = (): Promise<void> => drain(0);
  options.signal?.addEventListener('abort', () => void close(), { once: true });
  if (options.signal?.aborted) await close();
  return { address: formatAddress({ host: address.host, port }), server, setHealth, drain, close };
}

/**
 * Beyond loopback, a server needs TLS and a way to tell who calls: certificates, keys, or methods that check their callers themselves.
 *
 * @throws AsyncDiffError `invalid_settings`
 */
function requireProtection(
  { host }: Address,
  { tls, keys, insecure }: LinkSecurity,
  services: readonly ServedService[],
): void {
  if (isLoopback(host) || insecure === true) return;
  const checksAll = services.every(({ definition, access = {} }) =>
    Object.keys(definition).every((name) => access[name] === 'own'),
  );
  const lacks =
    tls === undefined
      ? 'without TLS anyone on the way can read and change what is said'
      : tls.mutual === true || keys !== undefined || checksAll
        ? undefined
        : 'without --tls-ca or --keys anyone who reaches it is let in';
  if (lacks === undefined) return;
  throw new AsyncDiffError('invalid_settings', `this process would listen at ${host}: ${lacks}`, {
    hint: 'Give --tls-ca, --tls-cert and --tls-key (docs/guides/security.md), or --insecure on a network that is protected otherwise.',
  });
}

function accessByPath(services: readonly ServedService[]): (path: string) => Access {
  const known = new Map(
    services.flatMap(({ definition, access = {} }) =>
      Object.entries(definition).map(([name, { path }]) => [path, access[name] ?? 'any'] as const),
    ),
  );
  // Whoever watches over processes needs to know no more than whether they serve.
  return (path) => known.get(path) ?? (path.startsWith('/grpc.health.') ? 'open' : 'any');
}

function serverCredentials({ tls }: LinkSecurity): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { ca, identity, mutual = false } = tls;
  if (identity === undefined) {
    throw new AsyncDiffError(
      'invalid_settings',
      'TLS is asked for, and this process serves others without a certificate',
      {
        hint: "Give this host's own: --tls-cert HOST.crt --tls-key HOST.key (asyncdiff certs makes them).",
      },
    );
  }
  const pair = { cert_chain: identity.certificate, private_key: identity.key };
  return ServerCredentials.createSsl(mutual ? (ca ?? null) : null, [pair], mutual);
}

function serviceName(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? '';
  return path.split('/')[1] ?? '';
}

/** Binds every address that the host's name stands for: `localhost` is two on most machines, and each may be taken. */
async function bind(server: Server, address: Address, credentials: ServerCredentials): Promise<number> {
  let { port } = address;
  let bound = 0;
  let unavailable: Error | undefined;
  for (const host of await resolve(address)) {
    try {
      port = await bindOne(server, formatAddress({ host, port }), credentials);
      bound += 1;
    } catch (error) {
      // A name may stand for an address of a family that this machine does not have.
      if (!String(error).includes('EADDRNOTAVAIL') && !String(error).includes('EAFNOSUPPORT')) {
        server.forceShutdown();
        throw bindError(formatAddress(address), error as Error);
      }
      unavailable = error as Error;
    }
  }
  if (bound > 0 || unavailable === undefined) return port;
  server.forceShutdown();
  throw bindError(formatAddress(address), unavailable);
}

async function resolve(address: Address): Promise<string[]> {
  if (isIP(address.host.split('%')[0] ?? '') !== 0) return [address.host];
  try {
    const found = await lookup(address.host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (error) {
    throw bindError(formatAddress(address), error as Error);
  }
}

function bindOne(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((done, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) done(port);
      else reject(error);
    });
  });
}

function bindError(address: string, cause: Error): AsyncDiffError {
  if (cause.message.includes('EADDRINUSE')) {
    return new AsyncDiffError('port_in_use', `${address} is in use by another program`, { cause });
  }
  if (cause.message.includes('EACCES')) {
    return new AsyncDiffError('address_invalid', `${address}: this user may not listen there`, {
      cause,
      hint: 'Ports below 1024 need privileges: choose a higher one.',
    });
  }
  return new AsyncDiffError('address_invalid', `cannot listen at ${address}: ${cause.message}`, {
    cause,
    hint: 'Give a host name or address of this machine, or 0.0.0.0 for all of them.',
  });
}
