import type { Command } from 'commander';
import type { LinkSecurity } from '../rpc/index.js';
import { flag } from './flag.js';
import { messageLimitBytes, messageLimitFlag } from './message-limit.js';

/** Flags of every command that opens or serves a link. */
export interface LinkFlags {
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly keyFile?: string;
  readonly insecure?: boolean;
  readonly maxMessageMb?: number;
}

export function addLinkFlags(command: Command): Command {
  return command
    .addOption(
      flag(
        '--tls-ca <file>',
        'TLS: the CA that the other side must come from (PEM); a server asks its clients too',
      ),
    )
    .addOption(flag('--tls-cert <file>', "TLS: this host's certificate (PEM)"))
    .addOption(flag('--tls-key <file>', 'TLS: the key of --tls-cert (PEM)'))
    .addOption(
      flag('--tls', 'TLS with the CAs of GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, or of Node, instead of --tls-ca'),
    )
    .addOption(
      flag('--key-file <file>', 'the key that this process shows, one line; or ASYNCDIFF_KEY has the key'),
    )
    .addOption(
      flag(
        '--insecure',
        'listen beyond loopback, or show the key there, without TLS: the network is protected otherwise',
      ),
    )
    .addOption(messageLimitFlag());
}

/** Flags of every command that serves others. */
export interface ServedLinkFlags extends LinkFlags {
  readonly keys?: string;
}

export function addServedLinkFlags(command: Command): Command {
  return addLinkFlags(
    command.addOption(
      flag('--keys <file>', 'take only calls that show a key of this file (made by `asyncdiff keys add`)'),
    ),
  );
}

/** What a client or a server is opened with. */
interface OpenedLinks {
  readonly security: LinkSecurity;
  readonly maxMessageBytes: number | undefined;
}

/** Throws `file_not_found`, `file_unreadable`, `invalid_settings`, `tls_failed`. */
export async function openLinks(flags: LinkFlags): Promise<OpenedLinks> {
  const { loadSecurity } = await import('../rpc/index.js');
  return { security: await loadSecurity(flags), maxMessageBytes: messageLimitBytes(flags.maxMessageMb) };
}

/** Throws what {@link openLinks} throws. */
export async function openServedLinks(flags: ServedLinkFlags): Promise<OpenedLinks> {
  const { security, maxMessageBytes } = await openLinks(flags);
  if (flags.keys === undefined) return { security, maxMessageBytes };
  const { FileKeyRing } = await import('../rpc/server/index.js');
  return { security: { ...security, keys: new FileKeyRing(flags.keys) }, maxMessageBytes };
}
