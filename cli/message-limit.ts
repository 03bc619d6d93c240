import type { Option } from 'commander';
import { flag } from './flag.js';
import { realNumber } from './numbers.js';

/** A frame of a boundary tensor takes up to 8 MiB: below this, workers could not talk. */
const MIN_MB = 10;
/** gRPC counts messages in 31 bits. */
const MAX_MB = 2047;

/** `--max-message-mb`, the same for everyone who talks gRPC. */
export function messageLimitFlag(): Option {
  return flag(
    '--max-message-mb <mb>',
    'largest gRPC message, in MiB; the same on both sides (default: 64)',
  ).argParser(realNumber('max-message-mb', MIN_MB, MAX_MB));
}

/** MiB as given, in bytes. */
export function messageLimitBytes(maxMessageMb: number | undefined): number | undefined {
  return maxMessageMb === undefined ? undefined : Math.floor(maxMessageMb * 2 ** 20);
}
