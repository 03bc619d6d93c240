import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { AsyncDiffError } from '../../common/errors/index.js';
import { hostIdentity } from '../../common/host-identity.js';
import { touchKept } from '../../common/kept-files.js';
import type { Tensor } from '../../common/tensor/index.js';
import { PROCESS_BYTES, SESSION_BYTES, type WholeModel } from '../../planner/index.js';
import type { CoordinatorLog } from '../log.js';
import type { WorkerHandle } from '../workers/index.js';
import type { ArtifactShelf } from './artifact-shelf.js';
import { OpenedParts, type OpenPart } from './opened-parts.js';
import { memoryShortage, type PartOffer, rankOffers } from './part-offers.js';

/** So many workers fail with one run before it is given up. */
const MAX_FAILURES = 4;

interface PartCall {
  readonly part: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[] | undefined;
  readonly workBytes: number;
}

interface PartCircumstances {
  /** Those that the job may use. After a loss another one, or the same again, is waited for. Throws `no_workers`. */
  readonly workers: () => Promise<readonly WorkerHandle[]>;
  readonly signal: AbortSignal;
}

interface PlacedPartsOptions {
  readonly shelf: ArtifactShelf;
  /** A part by content; each is asked for once. */
  readonly model: (part: string) => Promise<WholeModel>;
  /** Memory that a worker's part of the present plan takes. */
  readonly deployedBytes: (workerId: string) => number;
  /** Takes the present plan off its workers, if no job runs on it: whether there was one. */
  readonly giveUpPlan: () => boolean;
  readonly log: Pick<CoordinatorLog, 'info' | 'warn'>;
}

/**
 * Text encoders and VAE on workers. A part is opened on the worker that has it already, else on the one with least to do and most room; it
 * stays open until its memory is needed, for another part or for a plan. Where a worker is lost or fails, the next one takes the run over.
 */
export class PlacedParts {
  readonly #options: PlacedPartsOptions;
  readonly #hostId = hostIdentity().hostId;
  readonly #name = randomBytes(4).toString('hex');
  readonly #models = new Map<string, Promise<WholeModel>>();
  readonly #open = new OpenedParts();
  #count = 0;

  constructor(options: PlacedPartsOptions) {
    this.#options = options;
  }

  /**
   * Runs a part for a job.
   *
   * @throws AsyncDiffError `memory_exceeded` with what each worker has, `no_workers`, `cancelled`; what the last worker said where all failed
   */
  async run(
    call: PartCall,
    { workers, signal }: PartCircumstances,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const model = await this.#model(call.part);
    const needBytes = model.sizeBytes + call.workBytes + SESSION_BYTES;
    const failed = new Set<WorkerHandle>();
    let lastError: AsyncDiffError | undefined;
    for (;;) {
      const open = this.#place(
        call.part,
        model,
        needBytes,
        await this.#left(workers, failed, lastError),
        signal,
      );
      open.runs += 1;
      try {
        await open.ready;
        const { inputs, outputs } = call;
        const results = await open.worker.parts.run({ partId: open.partId, inputs, outputs, signal });
        const missing = outputs?.find((name) => results[name] === undefined);
        if (missing === undefined) return results;
        throw new AsyncDiffError(
          'worker_failed',
          `worker ${open.worker.name} gave no ${missing} of ${call.part}`,
        );
      } catch (thrown) {
        const error = AsyncDiffError.from(thrown, 'worker_failed');
        if (signal.aborted) throw AsyncDiffError.from(signal.reason, 'cancelled');
        // The call or the model is at fault: no other worker would do better.
        if (error.code === 'invalid_input' || error.code === 'model_unsupported') throw error;
        this.#options.log.warn(
          { part: call.part, worker: open.worker.name, error: error.rawMessage },
          'part failed on a worker',
        );
        lastError = error;
        failed.add(open.worker);
        this.#open.close(open);
      } finally {
        open.runs -= 1;
        open.usedMs = performance.now();
      }
    }
  }

  /** Closes parts that are not in use, the longest unused first, until a plan that takes so much fits. */
  makeRoom(worker: WorkerHandle, planBytes: number): void {
    const { memoryBytes } = worker.facts;
    if (memoryBytes === undefined) return;
    for (const one of this.#open.idle(worker)) {
      if (planBytes + this.#open.bytes(worker) <= memoryBytes) return;
      this.#open.close(one);
    }
  }

  /** Workers that have not failed. Throws the last error where all have. */
  async #left(
    workers: PartCircumstances['workers'],
    failed: ReadonlySet<WorkerHandle>,
    lastError: AsyncDiffError | undefined,
  ): Promise<readonly WorkerHandle[]> {
    if (lastError !== undefined && failed.size >= MAX_FAILURES) throw lastError;
    const left = (await workers()).filter((worker) => !failed.has(worker));
    if (left.length > 0) return left;
    throw lastError ?? new AsyncDiffError('no_workers', 'no worker is registered');
  }

  async #model(part: string): Promise<WholeModel> {
    let model = this.#models.get(part);
    // The folder of its graph is a cache: somebody may have emptied it since.
    if (model === undefined || !(await isThere(model))) {
      model = this.#options.model(part);
      this.#models.set(part, model);
      // A file may be mended: what failed is not remembered.
      model.catch(() => this.#models.delete(part));
    }
    return await model;
  }

  #place(
    part: string,
    model: WholeModel,
    needBytes: number,
    workers: readonly WorkerHandle[],
    signal: AbortSignal,
  ): OpenPart {
    const offers = workers.map((worker) => this.#offer(part, worker, needBytes));
    for (const offer of rankOffers(offers)) {
      const open = this.#open.find(part, offer.worker);
      if (open !== undefined) return open;
      for (const one of this.#open.idle(offer.worker)) {
        if (this.#room(offer.worker) >= needBytes) break;
        this.#open.close(one);
      }
      return this.#begin(part, model, needBytes, offer.worker, signal);
    }
    if (this.#options.giveUpPlan()) return this.#place(part, model, needBytes, workers, signal);
    throw memoryShortage(part, needBytes, offers);
  }

  #offer(part: string, worker: WorkerHandle, needBytes: number): PartOffer {
    const isOpen = this.#open.find(part, worker) !== undefined;
    const closable = this.#open.idle(worker).reduce((sum, { bytes }) => sum + bytes, 0);
    const roomBytes = this.#room(worker);
    return {
      worker,
      isOpen,
      isBusy: worker.state === 'busy' || worker.state === 'deploying',
      runs: worker.parts.running,
      roomBytes,
      fits: isOpen || roomBytes + closable >= needBytes,
    };
  }

  #begin(
    part: string,
    { sha256, artifacts, sizeBytes }: WholeModel,
    bytes: number,
    worker: WorkerHandle,
    signal: AbortSignal,
  ): OpenPart {
    this.#count += 1;
    const partId = `${part}-${this.#name}-${this.#count}`;
    const secret = randomBytes(32);
    const { shelf, log } = this.#options;
    shelf.add(partId, { secret, artifacts });
    const readsFiles = worker.facts.hostId === this.#hostId;
    const message = {
      partId,
      name: part,
      graphSha256: sha256,
      artifacts: [...artifacts].map(([name, range]) => ({
        sha256: name,
        sizeBytes: range.lengthBytes,
        suppliers: [],
        file: readsFiles ? range : undefined,
      })),
      secret,
    };
    const ready = worker.parts
      .open(message, {
        sizeBytes,
        signal,
        onNeed: (openSupply) => {
          if (openSupply !== undefined) shelf.offer(partId, openSupply);
        },
      })
      .finally(() => shelf.remove(partId));
    const open: OpenPart = { part, partId, worker, bytes, ready, runs: 0, usedMs: performance.now() };
    this.#open.add(open);
    // Whoever runs it hears of the failure too.
    ready.then(
      () => log.info({ part, worker: worker.name, bytes: sizeBytes }, 'part opened'),
      () => this.#open.delete(open),
    );
    worker.onLoss(() => this.#open.delete(open));
    return open;
  }

  /** What a worker has left; of one that does not say what it has, all that can be wanted. */
  #room(worker: WorkerHandle): number {
    const { memoryBytes = Number.POSITIVE_INFINITY } = worker.facts;
    const taken = Math.max(PROCESS_BYTES, this.#options.deployedBytes(worker.id)) + this.#open.bytes(worker);
    return memoryBytes - taken;
  }
}

/** Whether a part's graph is where it was written. One that is on its way, or failed, is waited for. */
async function isThere(exporting: Promise<WholeModel>): Promise<boolean> {
  const { sha256, artifacts } = await exporting;
  const path = artifacts.get(sha256)?.path;
  if (path === undefined || !existsSync(path)) return false;
  await touchKept(path);
  return true;
}
