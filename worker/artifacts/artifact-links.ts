import type { Metadata } from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { Pending } from '../../common/pending/index.js';
import { type LinkOptions, openCoordinatorChannel, openWorkerChannel } from '../../rpc/index.js';
import { ControlStream, DEPLOYMENT_KEY, DEPLOYMENT_SECRET_KEY } from '../../rpc/streams/index.js';
import type { DeploymentSecrets } from '../exchange/index.js';
import type { OpenStream } from './artifact-fetch.js';
import type { FetchStream } from './artifact-stream.js';

/** Time for a coordinator that has dialled to open a stream for artifacts. */
const OFFER_MS = 10_000;

/** A stream to another worker, over a connection of its own. */
export function openPeerStream(address: string, link: LinkOptions): OpenStream {
  const channel = openWorkerChannel(address, { ...link, ownConnection: true });
  const call = channel.fetchArtifacts();
  return {
    stream: new ControlStream(call, { unreachable: 'peer_unreachable' }),
    close: closing(call, channel),
  };
}

/** The same to the coordinator that this worker has joined. */
export function openJoinedStream(address: string, link: LinkOptions): OpenStream {
  const channel = openCoordinatorChannel(address, { ...link, ownConnection: true });
  const call = channel.fetchArtifacts();
  return { stream: new ControlStream(call), close: closing(call, channel) };
}

function closing(call: { cancel(): void }, channel: { close(): void }): () => void {
  return () => {
    call.cancel();
    channel.close();
  };
}

/** Streams of a coordinator that dials: it offers one when it hears that a deployment lacks something. */
export class ArtifactOffers {
  readonly #secrets: Pick<DeploymentSecrets, 'check'>;
  readonly #waiting = new Pending<FetchStream>();

  constructor(secrets: Pick<DeploymentSecrets, 'check'>) {
    this.#secrets = secrets;
  }

  /** The next stream that is offered for the deployment. `ask` tells the coordinator that one is wanted. */
  async next(deploymentId: string, ask: () => void, signal: AbortSignal): Promise<OpenStream> {
    const offered = this.#waiting.wait(deploymentId, {
      what: `coordinator to supply deployment ${deploymentId}`,
      withinMs: OFFER_MS,
      signal,
    });
    ask();
    const stream = await offered;
    return { stream, close: () => stream.end() };
  }

  /** Handler of SupplyArtifacts. Throws `permission_denied` where no deployment waits for it, or its secret is another one. */
  async take(stream: FetchStream, metadata: Metadata): Promise<void> {
    const deploymentId = String(metadata.get(DEPLOYMENT_KEY)[0] ?? '');
    const secret = metadata.get(DEPLOYMENT_SECRET_KEY)[0];
    const isWanted = this.#waiting.has(deploymentId) && secret instanceof Buffer;
    if (!isWanted || !(await this.#secrets.check(deploymentId, secret)))
      throw new AsyncDiffError(
        'permission_denied',
        'no deployment here waits for artifacts from this caller',
      );
    this.#waiting.resolve(deploymentId, stream);
  }
}
