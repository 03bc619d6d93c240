import type { Option } from 'commander';
import { AsyncDiffError } from '../common/errors/index.js';
import { flag } from './flag.js';
import { realNumber } from './plan-flags.js';

/** A frame of a boundary tensor takes up to 8 MiB: below this, workers could not talk. */
const LEAST_MB = 10;
/** gRPC counts messages in 31 bits. */
const MOST_MB = 2047;

/** `--max-message-mb`, the same for everyone who talks gRPC. */
export function messageLimitFlag(): Option {
  return flag(
    '--max-message-mb <mb>',
    'largest gRPC message, in MiB; the same on both sides (default: 64)',
  ).argParser((text) => {
    const value = realNumber('max-message-mb')(text);
    if (value >= LEAST_MB && value <= MOST_MB) return value;
    throw new AsyncDiffError('usage', `--max-message-mb takes ${LEAST_MB} to ${MOST_MB}, not "${text}"`);
  });
}

/** MiB as given, in bytes. */
export function messageLimitBytes(maxMessageMb: number | undefined): number | undefined {
  return maxMessageMb === undefined ? undefined : Math.floor(maxMessageMb * 2 ** 20);
}
