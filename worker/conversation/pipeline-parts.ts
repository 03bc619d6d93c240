import { AsyncDiffError } from '../../common/errors/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { ThreadClient } from '../../common/threads/index.js';
import { type PipelinePart, toFault } from '../../protocol/index.js';
import { encodeFrames, transferableTensor } from '../../rpc/index.js';
import {
  FrameAssembler,
  type IncomingFrame,
  PART_CHUNKING,
  type SendToCoordinator,
} from '../../rpc/streams/index.js';
import type { DeploymentSecrets } from '../exchange/index.js';
import type { PartThreadCalls, PartThreadSettings } from '../inference/index.js';
import { type ArtifactsContext, PartArtifacts } from './part-artifacts.js';

export interface PipelinePartsContext extends ArtifactsContext {
  /** Of the device; undefined for a declared one, which opens none. */
  readonly partThread: PartThreadSettings | undefined;
  readonly secrets: Pick<DeploymentSecrets, 'admit' | 'forget'>;
  readonly send: SendToCoordinator;
}

interface Held {
  readonly artifacts: PartArtifacts;
  readonly closed: AbortController;
  /** What the next run reads, as far as it has come. */
  readonly inputs: Map<number, Record<string, Tensor>>;
}

/** Text encoders and VAE that a coordinator has opened here, each by the id of its opening. They have a thread of their own while there are any. */
export class PipelineParts {
  readonly #context: PipelinePartsContext;
  readonly #held = new Map<string, Held>();
  readonly #frames = new FrameAssembler();
  #thread: ThreadClient<PartThreadCalls> | undefined;
  /** Runs whose end has not been told. */
  #running = 0;

  constructor(context: PipelinePartsContext) {
    this.#context = context;
  }

  get busy(): boolean {
    return this.#running > 0;
  }

  /** Gets its artifacts and opens it; tells the coordinator how it went. */
  async open({ partId, name, graphSha256, artifacts, secret }: PipelinePart): Promise<void> {
    const { secrets, send } = this.#context;
    const collected = new PartArtifacts(
      {
        deploymentId: partId,
        artifacts,
        secret,
        suppliers: [],
        gives: [],
      },
      this.#context,
    );
    const held: Held = { artifacts: collected, closed: new AbortController(), inputs: new Map() };
    this.#held.set(partId, held);
    secrets.admit(partId, secret);
    try {
      await collected.collect(held.closed.signal);
      if (held.closed.signal.aborted) return;
      const graphPath = collected.ranges.get(graphSha256)?.path ?? '';
      await this.#threadOf().call('open', { partId, name, graphPath, tensors: collected.ranges });
      if (!held.closed.signal.aborted) send({ partOpened: { partId } });
    } catch (error) {
      if (held.closed.signal.aborted) return;
      void this.close(partId);
      send({ fault: toFault(AsyncDiffError.from(error, 'worker_failed'), { partId, attempt: 0 }) });
    }
  }

  /** A frame of what a run reads. */
  take(frame: IncomingFrame | null): void {
    const held = frame === null ? undefined : this.#held.get(frame.jobId);
    if (frame === null || held === undefined) return;
    this.#context.send({ partProgress: { partId: frame.jobId, run: frame.attempt } });
    const received = this.#frames.accept(frame);
    if (received === undefined) return;
    const { attempt, name } = received.meta;
    held.inputs.set(attempt, { ...held.inputs.get(attempt), [name]: received.tensor });
  }

  /** Runs it on what has come; the results go back in frames. */
  async run({
    partId,
    run,
    outputs,
  }: {
    readonly partId: string;
    readonly run: number;
    readonly outputs: string[];
  }): Promise<void> {
    const { send } = this.#context;
    const held = this.#held.get(partId);
    if (held === undefined) return;
    const inputs = held.inputs.get(run) ?? {};
    held.inputs.delete(run);
    this.#running += 1;
    try {
      const owned = Object.entries(inputs).map(
        ([name, tensor]) => [name, transferableTensor(tensor)] as const,
      );
      const results = await this.#threadOf().call(
        'run',
        {
          partId,
          inputs: Object.fromEntries(owned.map(([name, { tensor }]) => [name, tensor])),
          outputs,
        },
        { transfer: owned.flatMap(([, { transfer }]) => transfer) },
      );
      if (held.closed.signal.aborted) return;
      for (const [name, tensor] of Object.entries(results)) {
        const meta = { jobId: partId, attempt: run, name, version: 0, sentUs: 0 };
        for (const frame of encodeFrames(meta, tensor, PART_CHUNKING))
          send({ partTensor: { frame } }, frame.data.byteLength);
      }
      send({ partRan: { partId, run } });
    } catch (error) {
      if (held.closed.signal.aborted) return;
      const failed = AsyncDiffError.from(error, 'worker_failed');
      send({ fault: toFault(failed, { partId, attempt: run }) });
    } finally {
      this.#running -= 1;
    }
  }

  /** Released when the run in progress has ended. */
  async close(partId: string): Promise<void> {
    const held = this.#held.get(partId);
    if (held === undefined) return;
    this.#held.delete(partId);
    held.closed.abort(new AsyncDiffError('cancelled', `part ${partId} was closed`));
    this.#context.secrets.forget(partId);
    // Its thread's death was told by the call that met it.
    await this.#thread?.call('close', { partId }).catch(() => undefined);
    await held.artifacts.release();
    if (this.#held.size > 0) return;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  /** The coordinator is gone: nothing of it is kept but the artifacts on disk, and a run in progress is not waited for. */
  async closeAll(): Promise<void> {
    const gone = new AsyncDiffError('cancelled', 'the coordinator is gone');
    const thread = this.#thread;
    this.#thread = undefined;
    thread?.abandon(gone);
    const held = [...this.#held];
    this.#held.clear();
    for (const [partId, { closed }] of held) {
      closed.abort(gone);
      this.#context.secrets.forget(partId);
    }
    await Promise.all(held.map(([, { artifacts }]) => artifacts.release()));
  }

  #threadOf(): ThreadClient<PartThreadCalls> {
    const { partThread } = this.#context;
    if (partThread === undefined)
      throw new AsyncDiffError('worker_failed', 'a declared device runs no part of a pipeline');
    this.#thread ??= new ThreadClient({
      file: 'worker/inference/part-thread.js',
      name: 'parts',
      workerData: partThread,
      // The next one is opened by whoever needs it.
      onDeath: () => (this.#thread = undefined),
      deathCode: 'worker_failed',
    });
    return this.#thread;
  }
}
