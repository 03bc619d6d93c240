import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AsyncDiffError } from '../common/errors/index.js';
import { fromWireError, type WireError } from '../common/wire-error.js';
import { distFile } from '../common/package.js';
import { sweepTemporaries } from '../common/temporary-file.js';
import type { Plan, PlanRequest } from './plan.js';
import type { OnPlanningProgress, PlanningProgress } from './planning-progress.js';

/** What the planning process says. */
export type PlanningMessage =
  | { readonly kind: 'progress'; readonly progress: PlanningProgress }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'failed'; readonly error: WireError };

export interface PlanningOptions {
  /** Kills the process. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnPlanningProgress | undefined;
}

/** A plan of SDXL takes 0.5 GB. What takes so much is no noise predictor that anybody has, or made to fill the memory. */
const MAX_PLANNING_BYTES = 4 * 2 ** 30;
const HEAP_MEGABYTES = 3072;
/** How often its memory is looked at. */
const WATCH_MS = 200;
/** Folders of a work folder that planning writes to. */
const WRITTEN = ['prepared', 'segments', 'hashes'];

/** Where folded graphs and segments are kept between runs. */
export function defaultWorkDir(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'asyncdiff', 'plans');
}

/**
 * {@link makePlan} in a process of its own: ONNX Runtime blocks the thread that calls it and cannot be interrupted, a process can be killed. It
 * ends with the signal, at its memory's limit, or with this process, and leaves no file behind.
 *
 * @throws AsyncDiffError what `makePlan` throws, `cancelled`, `model_unsupported` (more than 4 GiB of memory).
 */
export async function planInProcess(
  request: PlanRequest,
  { signal, onProgress }: PlanningOptions = {},
): Promise<Plan> {
  if (signal?.aborted === true) throw AsyncDiffError.from(signal.reason, 'cancelled');
  const child = fork(distFile('planner/planning-process.js'), [], {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    return await answerOf(child, request, signal, onProgress);
  } finally {
    const { pid } = child;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    if (pid !== undefined) for (const folder of WRITTEN) sweepTemporaries(join(request.workDir, folder), pid);
  }
}

function answerOf(
  child: ChildProcess,
  request: PlanRequest,
  signal: AbortSignal | undefined,
  onProgress: OnPlanningProgress | undefined,
): Promise<Plan> {
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      if (residentBytes(child.pid) <= MAX_PLANNING_BYTES) return;
      end(() =>
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
    const onAbort = (): void => end(() => reject(AsyncDiffError.from(signal?.reason, 'cancelled')));
    const end = (settle: () => void): void => {
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('message', (message: PlanningMessage) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else if (message.kind === 'plan') end(() => resolve(message.plan));
      else end(() => reject(fromWireError(message.error)));
    });
    child.once('error', (error) => end(() => reject(AsyncDiffError.from(error))));
    child.once('exit', (code, killedBy) =>
      end(() =>
        reject(
          new AsyncDiffError(
            'internal',
            `the planning process ended without an answer (${killedBy ?? `code ${code}`})`,
          ),
        ),
      ),
    );
    child.send(request);
  });
}

/** Memory of a process; 0 where the platform does not tell (then V8's limit is the only one). */
function residentBytes(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
