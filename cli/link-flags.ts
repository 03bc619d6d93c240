import type { Command } from 'commander';
import { loadSecurity, type LinkSecurity } from '../rpc/index.js';
import { flag } from './flag.js';
import { messageLimitBytes, messageLimitFlag } from './message-limit.js';

/** Flags of every command that opens or serves a link. */
export interface LinkFlags {
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
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
    .addOption(messageLimitFlag());
}

/** What a client or a server is opened with. */
export interface OpenedLinks {
  readonly security: LinkSecurity;
  readonly maxMessageBytes: number | undefined;
}

/** Throws `file_not_found`, `file_unreadable`, `invalid_settings`, `tls_failed`. */
export async function openLinks(flags: LinkFlags): Promise<OpenedLinks> {
  return { security: await loadSecurity(flags), maxMessageBytes: messageLimitBytes(flags.maxMessageMb) };
}
