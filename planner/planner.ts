import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { fromWireError, type WireError } from '../common/wire-error.js';
import { distFile } from '../common/package.js';
import { addWait, removeWait } from '../common/pending/index.js';
import { sweepTemporaries } from '../common/temporary-file.js';
import { endProcess, processorTicks, residentBytes } from './child-process.js';
import type { Plan, PlanRequest } from './plan.js';
import type { OnPlanningProgress, PlanningProgress } from './planning-progress.js';

/** Messages of the planning process. */
export type PlanningMessage =
  | { readonly kind: 'progress'; readonly progress: PlanningProgress }
  | PlanningAnswer;

/** How a request ends. `isSmall`: the process has not grown, and may be asked again. */
type PlanningAnswer = { readonly isSmall: boolean } & (
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'failed'; readonly error: WireError }
);

export interface ProcessOptions {
  /** Kills the process. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnPlanningProgress | undefined;
}

/** Memory of a planning process, at most. A plan of SDXL takes 0.5 GB; a model that takes this much is made to fill the memory. */
const MAX_PLANNING_BYTES = 4 * 2 ** 30;
const HEAP_MEGABYTES = 3072;
/** Time that a process that planned something small waits for the next request: its start costs more than most plans. */
const REST_MS = 30_000;
/** A process that has used no processor time for so long is stopped, or waits for something that does not come. */
const STILL_MS = 60_000;
/** Starts for one request: a process that is killed by others, or stands still, is started anew once. */
const MAX_TRIES = 2;
/** Interval at which its memory and processor time are looked at. */
const WATCH_MS = 200;
/** Folders of a work folder that planning writes to. */
const WRITTEN = ['prepared', 'segments', 'hashes'];

/**
 * {@link makePlan} in a process of its own: ONNX Runtime blocks the thread that calls it and cannot be interrupted, a process can be killed. It
 * ends with the signal, at its memory's limit, with this process, or when no request has come for half a minute, and leaves no file behind.
 *
 * @throws AsyncDiffError what `makePlan` throws, `cancelled`, `model_unsupported` (more than 4 GiB of memory), `memory_exceeded` (killed by the
 * system, twice), `deadline_exceeded` (stood still, twice).
 */
export async function makeInProcess(
  request: PlanRequest,
  { signal, onProgress }: ProcessOptions = {},
): Promise<Plan> {
  for (let tries = 1; ; tries++) {
    if (signal?.aborted === true) throw AsyncDiffError.from(signal.reason, 'cancelled');
    const child = resting.take() ?? start();
    let answer: PlanningAnswer | undefined;
    const wait = { what: `planning process ${child.pid}`, sinceMs: performance.now(), withinMs: undefined };
    addWait(wait);
    try {
      answer = await answerOf(child, request, signal, onProgress);
    } catch (error) {
      if (!(error instanceof Unfinished)) throw error;
      if (tries === MAX_TRIES) throw error.told;
    } finally {
      removeWait(wait);
      const rests = answer?.isSmall === true && resting.keep(child);
      const writesNoMore = rests || (await endProcess(child));
      if (answer?.kind !== 'plan') {
        const clean = (): void => sweep(child, request.workDir);
        if (writesNoMore) clean();
        else child.once('exit', clean);
      }
    }
    if (answer?.kind === 'failed') throw fromWireError(answer.error);
    if (answer?.kind === 'plan') return answer.plan;
  }
}

/** A process ended, or stands still, through no fault of the request. */
class Unfinished extends Error {
  /** What is told if it happens again. */
  readonly told: AsyncDiffError;

  constructor(told: AsyncDiffError) {
    super(told.rawMessage);
    this.told = told;
  }
}

function start(): ChildProcess {
  return fork(distFile('planner/planning-process.js'), [], {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Removes what it was writing. */
function sweep({ pid }: ChildProcess, workDir: string): void {
  if (pid !== undefined) for (const folder of WRITTEN) sweepTemporaries(join(workDir, folder), pid);
}

/** The one planning process that waits for a request. It keeps no process alive, and ends with this one. */
class Resting {
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The process, which is then the caller's; undefined where none rests. */
  take(): ChildProcess | undefined {
    const child = this.#child;
    this.#forget();
    if (child?.connected !== true) return undefined;
    child.ref();
    child.channel?.ref();
    return child;
  }

  /** Whether it may rest here: a second one may not. */
  keep(child: ChildProcess): boolean {
    if (this.#child !== undefined || !child.connected) return false;
    this.#child = child;
    child.once('exit', this.#forget);
    child.unref();
    child.channel?.unref();
    this.#timer = setTimeout(() => {
      this.#forget();
      child.kill('SIGKILL');
    }, REST_MS);
    this.#timer.unref();
    return true;
  }

  readonly #forget = (): void => {
    clearTimeout(this.#timer);
    this.#child?.off('exit', this.#forget);
    this.#child = undefined;
  };
}

const resting = new Resting();

function answerOf(
  child: ChildProcess,
  request: PlanRequest,
  signal: AbortSignal | undefined,
  onProgress: OnPlanningProgress | undefined,
): Promise<PlanningAnswer> {
  return new Promise((resolve, reject) => {
    let [cpuTicks, movedMs] = [-1, performance.now()];
    const watch = setInterval(() => {
      const ticks = processorTicks(child.pid);
      if (ticks !== cpuTicks) [cpuTicks, movedMs] = [ticks, performance.now()];
      else if (performance.now() - movedMs > STILL_MS) settle(() => reject(stoodStill(child)));
      if (residentBytes(child.pid) <= MAX_PLANNING_BYTES) return;
      settle(() =>
        reject(
          new AsyncDiffError(
            'model_unsupported',
            `planning took more than ${MAX_PLANNING_BYTES / 2 ** 30} GiB of memory`,
            { hint: 'Export the model without large constants in its graph.' },
          ),
        ),
      );
    }, WATCH_MS);
    watch.unref();
    const onAbort = (): void => settle(() => reject(AsyncDiffError.from(signal?.reason, 'cancelled')));
    const onMessage = (message: PlanningMessage): void => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else settle(() => resolve(message));
    };
    // Its end says more, and comes as well.
    const onError = (error: Error): void => {
      if (child.pid === undefined) settle(() => reject(AsyncDiffError.from(error)));
    };
    const onExit = (code: number | null, killedBy: NodeJS.Signals | null): void =>
      settle(() =>
        reject(killedBy === null || FAULTS.has(killedBy) ? crashed(killedBy ?? code) : killed(killedBy)),
      );
    const settle = (how: () => void): void => {
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
      child.off('message', onMessage).off('error', onError).off('exit', onExit);
      how();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('message', onMessage).on('error', onError).once('exit', onExit);
    try {
      // What the channel says later, it says by 'error' and 'exit'.
      child.send(request);
    } catch (error) {
      settle(() => reject(AsyncDiffError.from(error)));
    }
  });
}

/** Ends that are the process's own fault, not somebody's who takes its memory. */
const FAULTS: ReadonlySet<NodeJS.Signals> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE']);

function crashed(end: number | NodeJS.Signals | null): AsyncDiffError {
  return new AsyncDiffError('internal', `the planning process ended without an answer (${end})`);
}

function killed(by: NodeJS.Signals): Unfinished {
  return new Unfinished(
    new AsyncDiffError('memory_exceeded', `the planning process was killed from outside (${by}), twice`, {
      hint: "The system does so where memory gives out: free some on the coordinator's host, or ask for a smaller size.",
    }),
  );
}

function stoodStill({ pid }: ChildProcess): Unfinished {
  return new Unfinished(
    new AsyncDiffError(
      'deadline_exceeded',
      `the planning process (${pid}) did not compute for ${STILL_MS / 1000} s, twice`,
      { hint: 'It is stopped, or the disk with the model or the work folder does not answer.' },
    ),
  );
}
