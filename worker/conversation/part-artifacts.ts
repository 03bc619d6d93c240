import { AsyncDiffError } from '../../common/errors/index.js';
import type { FileRange } from '../../common/model-file/index.js';
import { Pending } from '../../common/pending/index.js';
import type { PartOrder } from '../../protocol/index.js';
import type { LinkOptions } from '../../rpc/index.js';
import {
  type ArtifactCache,
  ArtifactFetch,
  COORDINATOR,
  type Lacking,
  type OpenStream,
  openPeerStream,
  type Supplier,
} from '../artifacts/index.js';
import type { SendToCoordinator } from '../../rpc/streams/index.js';

export interface ArtifactsContext {
  readonly workerId: string;
  readonly cache: ArtifactCache;
  /** How other workers are dialled. */
  readonly link: LinkOptions;
  /** A stream to the coordinator; one that has dialled this worker opens it when `ask` was called. */
  readonly supply: (
    deploymentId: string,
    ask: () => void,
    signal: AbortSignal,
  ) => Promise<OpenStream> | OpenStream;
  readonly send: SendToCoordinator;
}

/** What is to be collected, and from whom. */
type Collected = Pick<PartOrder, 'deploymentId' | 'artifacts' | 'suppliers' | 'gives' | 'secret'>;

/** Least time between two reports of progress. */
const TELL_MS = 100;

/** Graphs and tensors of this worker's part of one deployment, or of a part of a pipeline: where they lie on this host, and what is given to other workers. */
export class PartArtifacts {
  readonly #order: Collected;
  readonly #context: ArtifactsContext;
  readonly #ranges = new Map<string, FileRange>();
  /** What may be given: all of the deployment that is here, or is to come. */
  readonly #own: ReadonlySet<string>;
  readonly #gives: ReadonlySet<string>;
  readonly #awaited = new Pending<FileRange>();
  /** What others wait for: one wait for each, however many they are. */
  readonly #coming = new Map<string, Promise<FileRange>>();
  #toldMs = 0;
  /** Artifacts of its own part that were in the cache. */
  #keptBytes = 0;
  #release: (() => Promise<void>) | undefined;

  constructor(order: Collected, context: ArtifactsContext) {
    this.#order = order;
    this.#context = context;
    this.#own = new Set(order.artifacts.map(({ sha256 }) => sha256));
    this.#gives = new Set(order.gives);
  }

  /** Paths of the artifacts, by SHA-256. */
  get ranges(): ReadonlyMap<string, FileRange> {
    return this.#ranges;
  }

  /**
   * Looks for them on this host: in the cache, and where the coordinator says that it has them. What is found is what its name says. Then
   * gets the rest. Throws what {@link ArtifactFetch.run} throws.
   */
  async collect(signal: AbortSignal): Promise<void> {
    const { deploymentId, secret } = this.#order;
    const { workerId, cache, send } = this.#context;
    const lacking = await this.#locate();
    if (lacking.length === 0 || signal.aborted) return;
    const sizeBytes = lacking.reduce((sum, one) => sum + one.sizeBytes, 0);
    await cache.reserve(sizeBytes, this.#keptBytes);
    send({ needArtifacts: { deploymentId, sizeBytes } });
    const fetch = new ArtifactFetch(lacking, {
      workerId,
      deploymentId,
      secret,
      cache,
      suppliers: this.#suppliers(sizeBytes),
      onWhole: (sha256, range) => this.#have(sha256, range),
      onProgress: (receivedBytes) => this.#tell({ receivedBytes }, receivedBytes === sizeBytes),
      signal,
    });
    await fetch.run();
  }

  /** Where an artifact lies that another worker of the deployment asks for. Throws `permission_denied` for any that is not of it. */
  give(sha256: string, signal: AbortSignal): FileRange | Promise<FileRange> {
    const here = this.#ranges.get(sha256);
    if (here !== undefined) return here;
    if (this.#own.has(sha256)) {
      let coming = this.#coming.get(sha256);
      if (coming === undefined) {
        const what = `artifact ${sha256.slice(0, 12)}, for another worker`;
        coming = this.#awaited.wait(sha256, { what, signal });
        coming.catch(() => undefined);
        this.#coming.set(sha256, coming);
      }
      return coming;
    }
    return this.#giveOlder(sha256);
  }

  async #giveOlder(sha256: string): Promise<FileRange> {
    const older = this.#gives.has(sha256) ? await this.#context.cache.find(sha256) : undefined;
    if (older !== undefined) return older;
    throw new AsyncDiffError(
      'permission_denied',
      `artifact ${sha256.slice(0, 12)} is not one that this worker has for deployment ${this.#order.deploymentId}`,
    );
  }

  #have(sha256: string, range: FileRange): void {
    this.#ranges.set(sha256, range);
    this.#awaited.resolve(sha256, range);
  }

  /** Ends their use: the cache may delete them. */
  async release(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }

  async #locate(): Promise<Lacking[]> {
    const { artifacts } = this.#order;
    const { cache } = this.#context;
    // What is read from the coordinator's files is not in the cache.
    const cached = artifacts.filter(({ file }) => file === undefined).map(({ sha256 }) => sha256);
    if (cached.length > 0) this.#release = await cache.use(cached);
    let toCheckBytes = 0;
    for (const { sha256 } of artifacts) toCheckBytes += await cache.uncheckedBytes(sha256);
    let checkedBytes = 0;
    const onBytes = (bytes: number): void => {
      checkedBytes += bytes;
      this.#tell({ checkedBytes, toCheckBytes: Math.max(toCheckBytes, checkedBytes) }, false);
    };
    const elsewhere = new Map<string, FileRange>();
    for (const { sha256, file, sizeBytes } of artifacts) {
      const kept = await cache.find(sha256, onBytes);
      if (kept !== undefined) {
        this.#keptBytes += sizeBytes;
        this.#have(sha256, kept);
      } else if (file !== undefined) elsewhere.set(sha256, file);
    }
    for (const [sha256, range] of await cache.confirm(elsewhere, onBytes)) this.#have(sha256, range);
    return artifacts
      .filter(({ sha256 }) => !this.#ranges.has(sha256))
      .map(({ sha256, sizeBytes, suppliers }) => ({ sha256, sizeBytes, suppliers }));
  }

  #suppliers(sizeBytes: number): ReadonlyMap<string, Supplier> {
    const { deploymentId, suppliers } = this.#order;
    const { link, supply, send } = this.#context;
    const ask = (): void => send({ needArtifacts: { deploymentId, sizeBytes } });
    const coordinator = {
      id: COORDINATOR,
      open: (signal: AbortSignal) => supply(deploymentId, ask, signal),
    };
    return new Map<string, Supplier>([
      ...suppliers.map(({ workerId, address }): [string, Supplier] => [
        workerId,
        { id: workerId, open: () => openPeerStream(address, link) },
      ]),
      [COORDINATOR, coordinator],
    ]);
  }

  #tell(progress: Parameters<SendToCoordinator>[0]['deployProgress'] & object, isLast: boolean): void {
    const nowMs = performance.now();
    if (!isLast && nowMs - this.#toldMs < TELL_MS) return;
    this.#toldMs = nowMs;
    this.#context.send({ deployProgress: { deploymentId: this.#order.deploymentId, ...progress } });
  }
}
