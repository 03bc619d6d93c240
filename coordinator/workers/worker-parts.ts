import type { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { encodeFrames } from '../../rpc/index.js';
import { FrameAssembler, PART_CHUNKING } from '../../rpc/streams/index.js';
import type { WorkerMessage__Output } from '../../rpc/gen/asyncdiff/v1/WorkerMessage.js';
import { MIN_OPEN_BYTES_PER_SECOND, type WorkerLimitsMs } from './limits.js';
import type { WorkerAsks } from './worker-asks.js';
import type { WorkerLink } from './worker-link.js';
import { type PipelinePart, toOpenPartMessage } from '../../protocol/index.js';

/** What goes with the opening of a part, besides the message. */
interface OpenPartAids {
  /** The worker lacks artifacts; one that was dialled has to be given a stream for them. */
  readonly onNeed: (openSupply: WorkerLink['openSupply']) => void;
  /** Graph and tensors, for the time that opening them may take. */
  readonly sizeBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** A run of a part, on the coordinator's side. */
interface PartRun {
  readonly partId: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Names of the wanted outputs; all where left out. */
  readonly outputs?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface PartResults {
  readonly frames: FrameAssembler;
  readonly tensors: Record<string, Tensor>;
}

/** Parts of pipelines that one worker was asked to open and to run. A worker that is late with one is lost, as with everything else. */
export class WorkerParts {
  readonly #asks: WorkerAsks;
  readonly #limitsMs: WorkerLimitsMs;
  readonly #link: Pick<WorkerLink, 'send' | 'openSupply'>;
  readonly #opening = new Map<string, OpenPartAids['onNeed']>();
  /** Results of runs that somebody waits for, as far as they have come. */
  readonly #results = new Map<string, PartResults>();
  #runs = 0;

  constructor(asks: WorkerAsks, limitsMs: WorkerLimitsMs, link: Pick<WorkerLink, 'send' | 'openSupply'>) {
    this.#asks = asks;
    this.#limitsMs = limitsMs;
    this.#link = link;
  }

  /** Runs that are under way. */
  get running(): number {
    return this.#results.size;
  }

  /** Resolves when it is open. Throws `worker_lost`, `cancelled`, or what the worker says. */
  async open(part: PipelinePart, aids: OpenPartAids): Promise<void> {
    const { partId } = part;
    this.#opening.set(partId, aids.onNeed);
    try {
      const opened = this.#asks.ask<void>(`part/${partId}`, {
        task: `open ${part.name}`,
        withinMs: this.#limitsMs.deploy + (aids.sizeBytes / MIN_OPEN_BYTES_PER_SECOND) * 1000,
        signal: aids.signal,
      });
      this.#link.send({ openPart: toOpenPartMessage(part) });
      await opened;
    } catch (error) {
      this.close(partId);
      throw error;
    } finally {
      this.#opening.delete(partId);
    }
  }

  /** Throws `worker_lost`, `cancelled`, or what the worker says. */
  async run({ partId, inputs, outputs = [], signal }: PartRun): Promise<Readonly<Record<string, Tensor>>> {
    this.#runs += 1;
    const run = this.#runs;
    const key = keyOf(partId, run);
    const ran = this.#asks.ask<void>(key, { task: 'run a part', withinMs: this.#limitsMs.part, signal });
    const results: PartResults = { frames: new FrameAssembler(), tensors: {} };
    this.#results.set(key, results);
    for (const [name, tensor] of Object.entries(inputs)) {
      const meta = { jobId: partId, attempt: run, name, version: 0, sentUs: 0 };
      for (const frame of encodeFrames(meta, tensor, PART_CHUNKING))
        this.#link.send({ partTensor: { frame } });
    }
    this.#link.send({ runPart: { partId, run, outputs: [...outputs] } });
    try {
      await ran;
      return results.tensors;
    } finally {
      this.#results.delete(key);
    }
  }

  close(partId: string): void {
    this.#link.send({ closePart: { partId } });
  }

  /** A message about a part; false for any other. */
  take({ partTensor, partRan, partProgress, needArtifacts, deployProgress }: WorkerMessage__Output): boolean {
    if (partTensor) {
      const { frame } = partTensor;
      const results = frame === null ? undefined : this.#results.get(keyOf(frame.jobId, frame.attempt));
      if (frame === null || results === undefined) return true;
      this.#asks.progress(keyOf(frame.jobId, frame.attempt));
      const received = results.frames.accept(frame);
      if (received !== undefined) results.tensors[received.meta.name] = received.tensor;
    } else if (partRan) this.#asks.answer(keyOf(partRan.partId, partRan.run));
    else if (partProgress) this.#asks.progress(keyOf(partProgress.partId, partProgress.run));
    else if (needArtifacts) {
      const onNeed = this.#opening.get(needArtifacts.deploymentId);
      onNeed?.(this.#link.openSupply);
      return onNeed !== undefined;
    } else if (deployProgress && this.#opening.has(deployProgress.deploymentId))
      this.#asks.progress(`part/${deployProgress.deploymentId}`);
    else return false;
    return true;
  }

  /** The worker could not open it (run 0), or not run it. */
  fail(partId: string, run: number, error: AsyncDiffError): void {
    this.#asks.fail(run === 0 ? `part/${partId}` : keyOf(partId, run), error);
  }
}

function keyOf(partId: string, run: number): string {
  return `ran/${partId}/${run}`;
}
