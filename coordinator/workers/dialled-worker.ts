import type { Metadata } from '@grpc/grpc-js';
import { type LinkOptions, openWorkerChannel } from '../../rpc/index.js';
import { ControlStream, type SupplyStream, type WorkerStream } from '../../rpc/streams/index.js';
import type { CoordinatorLog } from '../log.js';
import type { WorkerLink } from './worker-link.js';

const REDIAL_MS = 1_000;

/** Takes over a stream to a worker; `openSupply`: how artifacts get to one that listens. */
export type AcceptWorker = (stream: WorkerStream, openSupply: WorkerLink['openSupply']) => void;

interface DiallingOptions {
  readonly link?: LinkOptions | undefined;
  readonly log: CoordinatorLog;
  readonly accept: AcceptWorker;
  readonly signal: AbortSignal;
}

/** Dials a worker that listens, and again whenever it is lost, until the signal is aborted. */
export async function keepDialling(
  address: string,
  { link, log, accept, signal }: DiallingOptions,
): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    const client = openWorkerChannel(address, link);
    const call = client.attach();
    let heard = false;
    call.once('data', () => {
      heard = true;
    });
    const ended = new Promise<void>((resolve) => {
      call.once('close', resolve);
      call.once('error', () => resolve());
      call.once('end', () => resolve());
    });
    accept(new ControlStream(call), (metadata) => openSupply(address, link, metadata));
    await ended;
    client.close();
    // Said once for each absence, not at every try.
    if (heard) told = false;
    if (!told) log.warn({ worker: address }, 'worker does not answer; trying until it does');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, REDIAL_MS).unref());
  }
}

/** A connection of its own to a worker that was dialled; it closes with its stream. */
function openSupply(address: string, link: LinkOptions | undefined, metadata: Metadata): SupplyStream {
  const client = openWorkerChannel(address, { ...link, ownConnection: true });
  const call = client.supplyArtifacts(metadata);
  call.once('close', () => client.close());
  call.once('error', () => client.close());
  return new ControlStream(call);
}
