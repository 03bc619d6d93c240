import { Metadata } from '@grpc/grpc-js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { isSecret } from '../../common/secret.js';
import type { FileRange } from '../../common/model-file/index.js';
import {
  type ArtifactClaim,
  ArtifactSupply,
  DEPLOYMENT_KEY,
  DEPLOYMENT_SECRET_KEY,
  type FindArtifact,
  type SupplyStream,
} from '../../rpc/streams/index.js';

interface Shelved {
  readonly secret: Uint8Array;
  readonly artifacts: ReadonlyMap<string, FileRange>;
}

/** Graphs and tensors of the deployments there are, where they lie on the coordinator's disk: given to whoever shows a deployment's secret. */
export class ArtifactShelf {
  readonly #deployments = new Map<string, Shelved>();

  add(deploymentId: string, shelved: Shelved): void {
    this.#deployments.set(deploymentId, shelved);
  }

  remove(deploymentId: string): void {
    this.#deployments.delete(deploymentId);
  }

  /** Serves a stream of FetchArtifacts, or of SupplyArtifacts, until it ends. */
  serve(stream: SupplyStream): void {
    new ArtifactSupply(stream, { admit: (claim) => this.#admit(claim) }).serve();
  }

  /** Opens a stream to a worker that this coordinator has dialled, and serves it. */
  offer(deploymentId: string, open: (metadata: Metadata) => SupplyStream): void {
    const shelved = this.#deployments.get(deploymentId);
    if (shelved === undefined) return;
    const metadata = new Metadata();
    metadata.set(DEPLOYMENT_KEY, deploymentId);
    metadata.set(DEPLOYMENT_SECRET_KEY, Buffer.from(shelved.secret));
    this.serve(open(metadata));
  }

  #admit({ workerId, deploymentId, secret }: ArtifactClaim): FindArtifact {
    if (!isSecret(this.#deployments.get(deploymentId)?.secret, secret))
      throw new AsyncDiffError(
        'permission_denied',
        `'${workerId.slice(0, 64)}' may not have artifacts of deployment '${deploymentId.slice(0, 64)}'`,
        { hint: 'Workers fetch what their coordinator has deployed to them, and only while it is.' },
      );
    return (sha256) => {
      // Looked up anew each time: a deployment that is taken back gives nothing more.
      const range = this.#deployments.get(deploymentId)?.artifacts.get(sha256);
      if (range !== undefined) return range;
      throw new AsyncDiffError(
        'permission_denied',
        `artifact ${sha256.slice(0, 12)} is not one of deployment ${deploymentId}`,
      );
    };
  }
}
