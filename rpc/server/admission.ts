import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js';
import { AsyncDiffError, type ErrorCode } from '../../common/errors/index.js';
import { type LinkSecurity, type Role, toServiceError } from '../index.js';

/**
 * Who may call a method: holders of a key in that role; `any` key; or everyone, where the method itself checks its callers (`own`) or has
 * nothing to keep (`open`). Without keys, a role lets everyone pass whom TLS has let in.
 */
export type Access = Role | 'any' | 'own' | 'open';

/** Who calls. */
export interface Caller {
  /** Of its key, or of its certificate; empty where neither was asked for. */
  readonly id: string;
  /** For logs. */
  readonly name: string;
}

export const ANYONE: Caller = Object.freeze({ id: '', name: '' });

const callers = new WeakMap<Metadata, Caller>();

/** Who makes the call that this metadata came with. It is not in the metadata, where a client could put it. */
export function callerOf(metadata: Metadata): Caller {
  return callers.get(metadata) ?? ANYONE;
}

/** How often the key of a call that lasts is looked for again, milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** What ends a call that lasts. A key file that cannot be read just now lets nobody in and throws nobody out. */
const OUT: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'permission_denied']);

/** Refuses calls before their first message is read, and ends those whose key is revoked while they last. */
export function admission(
  security: LinkSecurity,
  accessTo: (path: string) => Access,
  onRefused: (refusal: { peer: string; reason: string }) => void,
): ServerInterceptor {
  const asks = security.keys !== undefined || security.tls?.mutual === true;
  return ({ path }, call) => {
    const access = accessTo(path);
    // As it is: the exchange of tensors writes to the stream below, which another layer would hide.
    if (!asks || access === 'own' || access === 'open') return call as ServerInterceptingCall;
    let looking: NodeJS.Timeout | undefined;
    const refuse = (error: unknown): void => {
      clearInterval(looking);
      onRefused({ peer: hostOf(call.getPeer()), reason: AsyncDiffError.from(error).rawMessage });
      const { code, details, metadata: trailers } = toServiceError(error);
      call.sendStatus({ code, details, metadata: trailers } as Parameters<typeof call.sendStatus>[0]);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        const listener = new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, proceed) => {
            const shown = metadata.get('authorization')[0];
            const caller = (): Caller => identify(shown, call.getAuthContext(), security, access);
            try {
              callers.set(metadata, caller());
            } catch (error) {
              refuse(error);
              return;
            }
            metadata.remove('authorization');
            if (security.keys !== undefined) looking = lookAgain(caller, refuse);
            proceed(metadata);
          })
          .withOnCancel(() => clearInterval(looking))
          .build();
        next(listener);
      },
      sendStatus: (status, next) => {
        clearInterval(looking);
        next(status);
      },
    });
  };
}

function lookAgain(caller: () => Caller, refuse: (error: unknown) => void): NodeJS.Timeout {
  const timer = setInterval(() => {
    try {
      caller();
    } catch (error) {
      if (OUT.has(AsyncDiffError.from(error).code)) refuse(error);
    }
  }, LOOK_AGAIN_MS);
  return timer.unref();
}

/** Without the port, which is another one for each connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

type AuthContext = ReturnType<ServerInterceptingCall['getAuthContext']>;

function identify(
  shown: unknown,
  { sslPeerCertificate }: AuthContext,
  { keys }: LinkSecurity,
  access: Role | 'any',
): Caller {
  if (keys === undefined) {
    if (sslPeerCertificate === undefined) return ANYONE;
    const { fingerprint256, subject } = sslPeerCertificate;
    return { id: `certificate ${fingerprint256}`, name: String(subject.CN) };
  }
  if (typeof shown !== 'string') throw new AsyncDiffError('unauthenticated', 'the call shows no key');
  const holder = keys.find(/^Bearer (\S+)$/i.exec(shown)?.[1] ?? '');
  if (holder === undefined) {
    throw new AsyncDiffError('unauthenticated', 'the key is not one that this server takes', {
      hint: 'It was revoked, or is for another server: `asyncdiff keys add FILE` on the file of --keys makes one.',
    });
  }
  if (access !== 'any' && holder.role !== access) {
    throw new AsyncDiffError(
      'permission_denied',
      `the key ${holder.id} is a ${holder.role}'s; this call is for a ${access}`,
    );
  }
  return { id: `key ${holder.id}`, name: holder.name };
}
