import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
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

/** Refuses calls before their first message is read. */
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
    return new ServerInterceptingCall(call, {
      start: (next) => {
        const listener = new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, proceed) => {
            try {
              callers.set(metadata, identify(metadata, call.getAuthContext(), security, access));
            } catch (error) {
              onRefused({ peer: hostOf(call.getPeer()), reason: AsyncDiffError.from(error).rawMessage });
              const { code, details, metadata: trailers } = toServiceError(error);
              call.sendStatus({ code, details, metadata: trailers } as Parameters<typeof call.sendStatus>[0]);
              return;
            }
            metadata.remove('authorization');
            proceed(metadata);
          })
          .build();
        next(listener);
      },
    });
  };
}

/** Without the port, which is another one for each connection. */
function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

type AuthContext = ReturnType<ServerInterceptingCall['getAuthContext']>;

function identify(
  metadata: Metadata,
  { sslPeerCertificate }: AuthContext,
  { keys }: LinkSecurity,
  access: Role | 'any',
): Caller {
  if (keys === undefined) {
    if (sslPeerCertificate === undefined) return ANYONE;
    const { fingerprint256, subject } = sslPeerCertificate;
    return { id: `certificate ${fingerprint256}`, name: String(subject.CN) };
  }
  const shown = metadata.get('authorization')[0];
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
