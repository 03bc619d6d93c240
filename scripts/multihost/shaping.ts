import { AsyncDiffError } from '../../common/errors/index.js';
import type { Namespace } from './namespace.js';

/** What every host's link does to what passes. */
export interface LinkShape {
  /** Each way, bits per second; none: no limit. */
  readonly rateBitsPerSecond: number | undefined;
  /** From one host to another, milliseconds. */
  readonly delayMs: number;
}

/** `tc netem` where the kernel has it; otherwise scripts/delay-proxy.ts in the path of every connection. */
export type DelayBy = 'none' | 'netem' | 'user-space proxy';

/** Timers of a busy virtual machine are up to about this late; a smaller burst would lose rate to them. */
const BURST_MS = 1;
const MIN_BURST_BYTES = 32 * 1024;
/**
 * The same behind the user-space proxy: it feeds its link at the rate of the one before, so what the link loses while the
 * proxy is not scheduled would be lost for good.
 */
const BURST_AFTER_PROXY_MS = 4;
/** Room for packets that wait, beyond what TCP needs to keep the delay filled. */
const QUEUE_MS = 8;
const MIN_QUEUE_BYTES = 256 * 1024;
const PACKET_BYTES = 1500;

/** The shape in a network whose devices are `dilation` times slower than the real ones: all proportions hold. */
export function dilate(shape: LinkShape, dilation: number): LinkShape {
  const { rateBitsPerSecond, delayMs } = shape;
  return {
    rateBitsPerSecond: rateBitsPerSecond === undefined ? undefined : rateBitsPerSecond / dilation,
    delayMs: delayMs * dilation,
  };
}

/** Tries on the namespace's own loopback, and takes it away again. */
export async function hasNetem(namespace: Namespace): Promise<boolean> {
  try {
    await namespace.tc('qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms');
  } catch (error) {
    if (/unknown|not supported|no such file/i.test(AsyncDiffError.from(error).message)) return false;
    throw error;
  }
  await namespace.tc('qdisc', 'del', 'dev', 'lo', 'root');
  return true;
}

/** Limits, and with `netem` delays, what leaves by `device`; `proxied` if it comes out of the user-space proxy. */
export async function shape(
  namespace: Namespace,
  device: string,
  link: LinkShape,
  { netem = false, proxied = false }: { readonly netem?: boolean; readonly proxied?: boolean } = {},
): Promise<void> {
  const add = (...words: string[]): Promise<string> => namespace.tc('qdisc', 'add', 'dev', device, ...words);
  const { rateBitsPerSecond, delayMs } = link;
  const delayed = netem && delayMs > 0;
  if (delayed) await add('root', 'handle', '1:', 'netem', ...netemWords(link));
  if (rateBitsPerSecond === undefined) return;
  await add(
    ...(delayed ? ['parent', '1:1', 'handle', '10:'] : ['root']),
    ...tbfWords(rateBitsPerSecond, delayed ? delayMs : 0, proxied ? BURST_AFTER_PROXY_MS : BURST_MS),
  );
}

/** A token bucket that lets the full rate through. */
export function tbfWords(rateBitsPerSecond: number, delayMs: number, burstMs: number = BURST_MS): string[] {
  const bytesPerMs = rateBitsPerSecond / 8000;
  const burst = Math.max(MIN_BURST_BYTES, bytesPerMs * burstMs);
  const limit = burst + Math.max(MIN_QUEUE_BYTES, bytesPerMs * (QUEUE_MS + 2 * delayMs));
  return [
    'tbf',
    'rate',
    `${Math.round(rateBitsPerSecond)}bit`,
    'burst',
    `${Math.round(burst)}b`,
    'limit',
    `${Math.round(limit)}b`,
  ];
}

/** The packets under way must all find room. */
function netemWords({ rateBitsPerSecond = 40e9, delayMs }: LinkShape): string[] {
  const packets = Math.ceil(((rateBitsPerSecond / 8000) * delayMs * 2) / PACKET_BYTES) + 1000;
  return ['delay', `${Math.round(delayMs * 1000)}us`, 'limit', String(packets)];
}
