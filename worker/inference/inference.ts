import { AsyncDiffError } from '../../common/errors/index.js';
import { Deadline } from '../../common/pending/index.js';
import { ThreadClient } from '../../common/threads/index.js';
import type { Tensor } from '../../common/tensor/index.js';
import { transferableTensor } from '../../rpc/index.js';
import { TaskClock } from './task-clock.js';
import type {
  InferenceCalls,
  InferenceEvent,
  InferencePost,
  InferenceReport,
  InferenceSettings,
  InferenceState,
  PlanToLoad,
} from './inference-messages.js';

/** A run that takes longer than the plan that it belongs to is there. */
const RUN_PATIENCE_MS = 60_000;
/** So long a run is waited for when the worker ends. */
const STOP_PATIENCE_MS = 10_000;

interface InferenceHandlers {
  onBoundary(event: Extract<InferenceEvent, { type: 'boundary' }>): void;
  onNoise(event: Extract<InferenceEvent, { type: 'noise' }>): void;
  onOutput(event: Extract<InferenceEvent, { type: 'output' }>): void;
  onRoundDone(event: Extract<InferenceEvent, { type: 'round-done' }>): void;
  onFault(event: Extract<InferenceEvent, { type: 'fault' }>): void;
  onFramesBroken(event: Extract<InferenceEvent, { type: 'frames-broken' }>): void;
  onOpened(event: Extract<InferenceEvent, { type: 'opened' }>): void;
  /** The thread died: the worker cannot go on. */
  onDeath(error: AsyncDiffError): void;
  /** It was in a run without an end, and a new one has taken its place. */
  onReplaced(error: AsyncDiffError): void;
}

type InferenceClient = ThreadClient<InferenceCalls, InferencePost, InferenceEvent>;

/** The network thread's handle on the inference thread. */
export class Inference {
  readonly #patienceMs: number;
  readonly #settings: Omit<InferenceSettings, 'tasks'>;
  readonly #handlers: InferenceHandlers;
  #tasks = new TaskClock();
  #thread: InferenceClient;
  /** Those that were given up; each is in a run. */
  readonly #abandoned = new Set<InferenceClient>();

  /** @param patienceMs how long a run may outlast the plan that it belongs to, before it counts as one without an end */
  constructor(
    settings: Omit<InferenceSettings, 'tasks'>,
    handlers: InferenceHandlers,
    patienceMs = RUN_PATIENCE_MS,
  ) {
    this.#patienceMs = patienceMs;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#thread = this.#open();
  }

  #open(): InferenceClient {
    return new ThreadClient({
      file: 'worker/inference/inference-thread.js',
      name: 'inference',
      workerData: { ...this.#settings, tasks: this.#tasks.memory },
      onEvent: (event) => this.#receive(event),
      onDeath: (error) => this.#handlers.onDeath(error),
      deathCode: 'worker_failed',
    });
  }

  /** Opens the segments' sessions and measures them; milliseconds of one run by segment. */
  load(plan: PlanToLoad): Promise<Readonly<Record<string, number>>> {
    return this.#thread.call('load', plan);
  }

  /** Releases a plan's sessions. Where a run does not come to its end for that, the thread is given up and a new one takes its place. */
  async unload(deploymentId: string): Promise<void> {
    const thread = this.#thread;
    const patience = new Deadline(this.#patienceMs, () => this.#replace(thread));
    try {
      await thread.call('unload', { deploymentId });
    } finally {
      patience.clear();
    }
  }

  start(context: Extract<InferencePost, { type: 'start' }>['context']): void {
    this.#thread.post({ type: 'start', context });
  }

  tensor(jobId: string, attempt: number, name: string, version: number, tensor: Tensor): void {
    const { tensor: owned, transfer } = transferableTensor(tensor);
    this.#thread.post({ type: 'tensor', jobId, attempt, name, version, tensor: owned }, transfer);
  }

  round(request: Omit<Extract<InferencePost, { type: 'round' }>, 'type'>): void {
    this.#thread.post({ type: 'round', ...request });
  }

  /** From now on small tensors for this consumer go to this ring file, which becomes the thread's; or not any more. */
  framesTo(deploymentId: string, consumerId: string, fd: number | undefined): void {
    this.#thread.post({ type: 'frames-to', deploymentId, consumerId, fd });
  }

  /** From now on tensors of this producer come from this ring file too, which becomes the thread's. */
  framesFrom(deploymentId: string, producerId: string, fd: number): void {
    this.#thread.post({ type: 'frames-from', deploymentId, producerId, fd });
  }

  /** Forgets the job and tells what it took. */
  end(jobId: string, attempt: number): Promise<InferenceReport> {
    return this.#thread.call('end', { jobId, attempt });
  }

  /** What the thread is at. @param signal how long an answer is waited for: it comes between two runs only */
  state(signal: AbortSignal): Promise<InferenceState> {
    return this.#thread.call('state', undefined, { signal });
  }

  /** How far the thread is, also while it is in a run. `processorMs`: of this process, where that tells whether a run goes on; else 0. */
  get progress(): ReturnType<TaskClock['read']> & { readonly processorMs: number } {
    // A device of its own takes no processor for its runs, or takes it also while it hangs.
    const isProcessor = this.#settings.device === 'cpu';
    const { user, system } = isProcessor ? process.cpuUsage() : { user: 0, system: 0 };
    return { ...this.#tasks.read(), processorMs: (user + system) / 1000 };
  }

  /** Ends the threads after the runs in progress; false where one has not come to its end after 10 s, and is given up. */
  async stop(): Promise<boolean> {
    const threads = [this.#thread, ...this.#abandoned];
    const withinMs = Math.min(STOP_PATIENCE_MS, this.#patienceMs);
    let patience: NodeJS.Timeout | undefined;
    const isEnded = await Promise.race([
      Promise.all(threads.map((thread) => thread.stop())).then(() => true),
      new Promise<boolean>((resolve) => {
        patience = setTimeout(() => resolve(false), withinMs);
      }),
    ]);
    clearTimeout(patience);
    const error = new AsyncDiffError('cancelled', 'the worker ends');
    if (!isEnded) for (const thread of threads) thread.abandon(error);
    return isEnded;
  }

  /** A run cannot be interrupted: the old thread ends, and its memory is free, when the run does. What waits for it fails. */
  #replace(old: InferenceClient): void {
    if (old !== this.#thread) return;
    const error = new AsyncDiffError(
      'worker_failed',
      `a run on ${this.#settings.device} went on for ${this.#patienceMs / 1000} s after its plan was given up`,
    );
    this.#tasks = new TaskClock();
    this.#thread = this.#open();
    this.#handlers.onReplaced(error);
    old.abandon(error);
    this.#abandoned.add(old);
    void old.stop().then(() => this.#abandoned.delete(old));
  }

  #receive(event: InferenceEvent): void {
    switch (event.type) {
      case 'boundary':
        return this.#handlers.onBoundary(event);
      case 'noise':
        return this.#handlers.onNoise(event);
      case 'output':
        return this.#handlers.onOutput(event);
      case 'round-done':
        return this.#handlers.onRoundDone(event);
      case 'fault':
        return this.#handlers.onFault(event);
      case 'frames-broken':
        return this.#handlers.onFramesBroken(event);
      case 'opened':
        return this.#handlers.onOpened(event);
      default:
        return event satisfies never;
    }
  }
}
