import { Worker } from 'node:worker_threads';
import { AsyncDiffError } from '../../common/errors/index.js';
import { distFile } from '../../common/package.js';
import type { Tensor } from '../../common/tensor/index.js';
import { transferableTensor } from '../../rpc/index.js';
import type {
  InferenceEvent,
  InferenceReport,
  InferenceRequest,
  InferenceSettings,
  WireError,
} from './inference-messages.js';

export interface InferenceHandlers {
  onBoundary(event: Extract<InferenceEvent, { type: 'boundary' }>): void;
  onNoise(event: Extract<InferenceEvent, { type: 'noise' }>): void;
  onRoundDone(event: Extract<InferenceEvent, { type: 'round-done' }>): void;
  onFault(event: Extract<InferenceEvent, { type: 'fault' }>): void;
  onFramesBroken(event: Extract<InferenceEvent, { type: 'frames-broken' }>): void;
  /** The thread died: the worker cannot go on. */
  onDeath(error: AsyncDiffError): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: AsyncDiffError) => void;
}

/** The network thread's handle on the inference thread. */
export class Inference {
  readonly #thread: Worker;
  readonly #handlers: InferenceHandlers;
  readonly #loads = new Map<string, Waiting<Readonly<Record<string, number>>>>();
  readonly #ends = new Map<string, Waiting<InferenceReport>>();
  #outgoing: InferenceRequest[] = [];
  #transfer: ArrayBuffer[] = [];
  #stopping = false;

  constructor(settings: InferenceSettings, handlers: InferenceHandlers) {
    this.#handlers = handlers;
    this.#thread = new Worker(distFile('worker/inference/inference-thread.js'), {
      workerData: settings,
      name: 'asyncdiff-inference',
    });
    this.#thread.on('message', (events: readonly InferenceEvent[]) => {
      for (const event of events) this.#receive(event);
    });
    this.#thread.on('error', (error) => this.#died(AsyncDiffError.from(error, 'worker_failed')));
    this.#thread.on('exit', (code) => {
      if (!this.#stopping)
        this.#died(new AsyncDiffError('worker_failed', `the inference thread ended (code ${code})`));
    });
  }

  /** Opens the segments' sessions and measures them; milliseconds of one run by segment. */
  load(
    request: Omit<Extract<InferenceRequest, { type: 'load' }>, 'type'>,
  ): Promise<Readonly<Record<string, number>>> {
    return new Promise((resolve, reject) => {
      this.#loads.set(request.planId, { resolve, reject });
      this.#send({ type: 'load', ...request });
    });
  }

  unload(planId: string): void {
    this.#send({ type: 'unload', planId });
  }

  start(context: Extract<InferenceRequest, { type: 'start' }>['context']): void {
    this.#send({ type: 'start', context });
  }

  tensor(jobId: string, attempt: number, name: string, version: number, tensor: Tensor): void {
    const { tensor: owned, transfer } = transferableTensor(tensor);
    this.#send({ type: 'tensor', jobId, attempt, name, version, tensor: owned }, transfer);
  }

  latents(jobId: string, attempt: number, step: number, tensor: Tensor): void {
    const { tensor: owned, transfer } = transferableTensor(tensor);
    this.#send({ type: 'latents', jobId, attempt, step, tensor: owned }, transfer);
  }

  round(request: Omit<Extract<InferenceRequest, { type: 'round' }>, 'type'>): void {
    this.#send({ type: 'round', ...request });
  }

  /** From now on small tensors for this consumer go to this ring file, which becomes the thread's; or not any more. */
  framesTo(planId: string, consumerId: string, fd: number | undefined): void {
    this.#send({ type: 'frames-to', planId, consumerId, fd });
  }

  /** From now on tensors of this producer come from this ring file too, which becomes the thread's. */
  framesFrom(planId: string, producerId: string, fd: number): void {
    this.#send({ type: 'frames-from', planId, producerId, fd });
  }

  /** Forgets the job and tells what it took. */
  end(jobId: string, attempt: number): Promise<InferenceReport> {
    return new Promise((resolve, reject) => {
      this.#ends.set(`${jobId}/${attempt}`, { resolve, reject });
      this.#send({ type: 'end', jobId, attempt });
    });
  }

  /** Ends the thread after the run in progress: terminating it during a run would abort the process. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const exited = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()));
    this.#send({ type: 'stop' });
    await exited;
  }

  /** What belongs to one turn of the event loop (a round and its latents) is one message between the threads. */
  #send(request: InferenceRequest, transfer: ArrayBuffer[] = []): void {
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(request);
    this.#transfer.push(...transfer);
  }

  #flush(): void {
    this.#thread.postMessage(this.#outgoing, this.#transfer);
    this.#outgoing = [];
    this.#transfer = [];
  }

  #receive(event: InferenceEvent): void {
    switch (event.type) {
      case 'boundary':
        return this.#handlers.onBoundary(event);
      case 'noise':
        return this.#handlers.onNoise(event);
      case 'round-done':
        return this.#handlers.onRoundDone(event);
      case 'fault':
        return this.#handlers.onFault(event);
      case 'frames-broken':
        return this.#handlers.onFramesBroken(event);
      case 'loaded':
        this.#loads.get(event.planId)?.resolve(event.segmentMs);
        this.#loads.delete(event.planId);
        return undefined;
      case 'load-failed':
        this.#loads.get(event.planId)?.reject(fromWire(event.error));
        this.#loads.delete(event.planId);
        return undefined;
      case 'ended': {
        const key = `${event.jobId}/${event.attempt}`;
        this.#ends.get(key)?.resolve(event.report);
        this.#ends.delete(key);
        return undefined;
      }
      default:
        return event satisfies never;
    }
  }

  #died(error: AsyncDiffError): void {
    for (const { reject } of [...this.#loads.values(), ...this.#ends.values()]) reject(error);
    this.#loads.clear();
    this.#ends.clear();
    if (!this.#stopping) this.#handlers.onDeath(error);
  }
}

export function fromWire({ code, message, hint }: WireError): AsyncDiffError {
  return new AsyncDiffError(code, message, { hint });
}
