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
/** Room in a port of the switch, beyond what TCP needs to keep the delay filled; what finds none is lost, as in a real one. */
const PORT_QUEUE_MS = 8;
const MIN_PORT_QUEUE_BYTES = 256 * 1024;
/**
 * What each socket may have in the queue of its own host: small messages do not wait behind megabytes, and nothing is lost
 * before it has left the host. Real hosts have fair queues for this (`fq`, `fq_codel`), which small kernels lack.
 */
const SOCKET_QUEUE_MS = 1;
const MIN_SOCKET_QUEUE_BYTES = 128 * 1024;
const SOCKETS = 64;
/** Of a socket whose link has a round trip to fill; 6 MiB is Linux's own. */
const MIN_SOCKET_BUFFER_BYTES = 6 * 2 ** 20;
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

/** Where a queue is: on a host, in a port of the switch, or in one that the user-space proxy sends through. */
type Place = 'host' | 'port' | 'proxied port';

/** Limits, and with `netem` delays, what leaves by `device`. */
export async function shape(
  namespace: Namespace,
  device: string,
  link: LinkShape,
  place: Place,
  netem = false,
): Promise<void> {
  const add = (...words: string[]): Promise<string> => namespace.tc('qdisc', 'add', 'dev', device, ...words);
  const { rateBitsPerSecond } = link;
  if (netem) await add('root', 'handle', '1:', 'netem', ...netemWords(link));
  if (rateBitsPerSecond === undefined) return;
  const delayMs = netem || place === 'port' ? link.delayMs : 0;
  const parent = netem ? ['parent', '1:1', 'handle', '10:'] : ['root'];
  await add(...parent, ...tbfWords(rateBitsPerSecond, delayMs, place));
}

/** Settings of TCP in a namespace that sends through shaped links. */
export async function tuneSockets(namespace: Namespace, link: LinkShape, netem: boolean): Promise<void> {
  const { rateBitsPerSecond = 40e9, delayMs } = link;
  await namespace.setKernel('net/ipv4/tcp_limit_output_bytes', String(socketQueueBytes(rateBitsPerSecond)));
  if (!netem) return;
  const most = Math.max(MIN_SOCKET_BUFFER_BYTES, Math.ceil((rateBitsPerSecond / 8000) * delayMs * 4));
  await namespace.setKernel('net/ipv4/tcp_rmem', `4096 131072 ${most}`);
  await namespace.setKernel('net/ipv4/tcp_wmem', `4096 16384 ${most}`);
}

function socketQueueBytes(rateBitsPerSecond: number): number {
  return Math.round(Math.max(MIN_SOCKET_QUEUE_BYTES, (rateBitsPerSecond / 8000) * SOCKET_QUEUE_MS));
}

/** A token bucket that lets the full rate through. */
export function tbfWords(rateBitsPerSecond: number, delayMs: number, place: Place): string[] {
  const bytesPerMs = rateBitsPerSecond / 8000;
  const burst = Math.max(
    MIN_BURST_BYTES,
    bytesPerMs * (place === 'proxied port' ? BURST_AFTER_PROXY_MS : BURST_MS),
  );
  const queue =
    place === 'port'
      ? Math.max(MIN_PORT_QUEUE_BYTES, bytesPerMs * (PORT_QUEUE_MS + 2 * delayMs))
      : SOCKETS * socketQueueBytes(rateBitsPerSecond);
  return [
    'tbf',
    'rate',
    `${Math.round(rateBitsPerSecond)}bit`,
    'burst',
    `${Math.round(burst)}b`,
    'limit',
    `${Math.round(burst + queue)}b`,
  ];
}

/** The packets under way must all find room. */
function netemWords({ rateBitsPerSecond = 40e9, delayMs }: LinkShape): string[] {
  const packets = Math.ceil(((rateBitsPerSecond / 8000) * delayMs * 2) / PACKET_BYTES) + 1000;
  return ['delay', `${Math.round(delayMs * 1000)}us`, 'limit', String(packets)];
}
