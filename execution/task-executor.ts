import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { isLatents, noisePartOf, type Task } from '../program/index.js';
import type { ExecutorEvents } from './executor-events.js';
import { gatherFeeds, isHere, localName, missingOf } from './feeds.js';
import type { IssuedRound } from './issued-round.js';
import type { AttemptState, StartedJob } from './attempt-state.js';
import { AttemptStates } from './attempt-states.js';
import { type LoadedSegment, releaseSegments } from './load-segments.js';
import { LoadedPlans } from './loaded-plans.js';
import { ResultTaker } from './result-taker.js';
import type { SegmentSpec } from './segment-spec.js';
import { releaseValues } from './session.js';
import { StepTaker } from './step-taker.js';

interface Pending {
  readonly state: AttemptState;
  readonly task: Task;
}

/**
 * Runs tasks as soon as everything they read is there. It knows neither network nor clock: the same class is the
 * reference executor (all segments, one process) and the inference thread of a worker (its own segments). Results do
 * not depend on the order in which inputs arrive, since every task names the versions it reads.
 */
export class TaskExecutor {
  readonly #events: ExecutorEvents;
  readonly #plans = new LoadedPlans();
  readonly #steps: StepTaker;
  readonly #results: ResultTaker;
  readonly #jobs = new AttemptStates();
  #queue: Pending[] = [];
  #running = false;
  #pumping: Promise<void> = Promise.resolve();

  constructor(events: ExecutorEvents) {
    this.#events = events;
    this.#steps = new StepTaker({
      plans: this.#plans,
      events,
      onFault: (state, error) => this.#fault(state, error),
    });
    this.#results = new ResultTaker({ plans: this.#plans, events, steps: this.#steps });
  }

  load(deploymentId: string, segments: readonly LoadedSegment[]): void {
    this.#plans.add(deploymentId, segments);
  }

  async unload(deploymentId: string): Promise<void> {
    const segments = this.#plans.remove(deploymentId);
    // Runs cannot be interrupted: wait for the one in progress before its session goes.
    await this.#pumping;
    this.#jobs.releaseLocals(deploymentId);
    await releaseSegments(segments);
  }

  startJob(started: StartedJob): void {
    // Tensors that came for another job came too late.
    for (const { jobId, attempt } of this.#jobs.begin(started.jobId, started.attempt))
      this.endJob(jobId, attempt);
    const state = this.#jobs.of(started.jobId, started.attempt);
    state.start(started);
    for (const round of state.rounds) this.#steps.issue(state, round);
    this.#pump();
  }

  /** A boundary tensor, latents, or a part of a noise prediction. They may arrive before the job's start: they are kept for it. */
  addTensor(jobId: string, attempt: number, name: string, version: number, tensor: Tensor): void {
    if (this.#jobs.isEnded(jobId, attempt)) return;
    const state = this.#jobs.of(jobId, attempt);
    const part = noisePartOf(name);
    if (part !== undefined) this.#steps.addNoise(state, version, part, tensor);
    else (isLatents(name) ? state.latents : state.store).put(name, version, tensor);
    this.#pump();
  }

  addRound(jobId: string, attempt: number, round: IssuedRound): void {
    const state = this.#jobs.of(jobId, attempt);
    state.issue(round);
    for (const task of round.tasks) this.#queue.push({ state, task });
    this.#steps.issue(state, round);
    this.#pump();
  }

  /** Forgets a job; tasks that have not begun are dropped. Returns its state for the report. */
  endJob(jobId: string, attempt: number): AttemptState | undefined {
    const state = this.#jobs.end(jobId, attempt);
    this.#queue = this.#queue.filter((pending) => pending.state !== state);
    return state;
  }

  /** Whether values of such names (the latents are one) are all that a task of the oldest round lacks, while none is running. */
  lacksOnly(isMeant: (name: string) => boolean): boolean {
    if (this.#running) return false;
    const noise = this.#steps.missingNoise(this.#jobs.all());
    if (noise !== undefined && !noise.isMadeHere && noise.names.every(isMeant)) return true;
    const round = this.#queue[0]?.task.round;
    return this.#queue.some((pending) => {
      const spec = this.#specOf(pending);
      if (spec === undefined || pending.task.round !== round) return false;
      const missing = missingOf(pending.state, pending.task, spec);
      return missing.length > 0 && missing.every(isMeant);
    });
  }

  /** What the oldest of the tasks that wait lacks: who waits for whom can be told from it. */
  progress(): { readonly missing: readonly string[]; readonly round: number } {
    // Who waits for these makes no latents, which other tasks wait for in turn.
    const noise = this.#steps.missingNoise(this.#jobs.all());
    if (noise?.isMadeHere === false) return { missing: noise.names, round: noise.round };
    for (const pending of this.#queue) {
      const spec = this.#specOf(pending);
      const missing = spec === undefined ? [] : missingOf(pending.state, pending.task, spec);
      if (missing.length > 0) return { missing, round: pending.task.round };
    }
    return { missing: [], round: 0 };
  }

  /** Resolves when no task is running. */
  async idle(): Promise<void> {
    await this.#pumping;
  }

  #pump(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pumping = this.#drain();
  }

  async #drain(): Promise<void> {
    for (let next = this.#takeReady(); next !== undefined; next = this.#takeReady()) {
      const { state, task } = next;
      try {
        await this.#run(state, task);
      } catch (error) {
        this.#fault(state, error);
      }
    }
    // In the same turn as the last look at the queue: what is added later must find the way free.
    this.#running = false;
    if (this.#queue.length > 0 || this.#steps.missingNoise(this.#jobs.all())?.isMadeHere === false)
      this.#events.onStarved?.();
  }

  #fault(state: AttemptState, error: unknown): void {
    if (state.started === undefined || state.ended) return;
    state.end();
    this.#queue = this.#queue.filter((pending) => pending.state !== state);
    this.#events.onFault(state.started, AsyncDiffError.from(error, 'worker_failed'));
  }

  #takeReady(): Pending | undefined {
    this.#events.collect?.();
    for (let i = 0; i < this.#queue.length; i++) {
      const pending = this.#queue[i] as Pending;
      if (!this.#isReady(pending)) continue;
      this.#queue.splice(i, 1);
      return pending;
    }
    return undefined;
  }

  #isReady(pending: Pending): boolean {
    const spec = this.#specOf(pending);
    if (spec === undefined || !isHere(pending.state, pending.task, spec)) return false;
    // A run cannot be interrupted: the sampler, and all who wait for its latents, would wait for the end of the next round's.
    const noise = this.#steps.missingNoise([pending.state]);
    return noise === undefined || pending.task.round <= noise.round || noise.isMadeHere;
  }

  /** Undefined before the job's start. */
  #specOf({ state, task }: Pending): SegmentSpec | undefined {
    return this.#plans.segment(state.started?.deploymentId, task.segment)?.spec;
  }

  async #run(state: AttemptState, task: Task): Promise<void> {
    const started = state.started as StartedJob;
    const segment = this.#plans.segment(started.deploymentId, task.segment) as LoadedSegment;
    const { spec, session } = segment;
    state.dropOld(this.#oldestPending(state, task.round));
    const feeds = gatherFeeds(state, started, task, spec);
    state.timing.begin();
    this.#events.onTask?.(true);
    const results = await state.during(session.run(feeds));
    state.timing.end(task, spec.id);
    this.#events.onTask?.(false);
    if (state.ended) return releaseValues(Object.values(results));
    for (const name of spec.localReads) state.locals.wasRead(localName(name, task), task.version);
    this.#results.take(state, started, task, spec, results);
  }

  #oldestPending(state: AttemptState, round: number): number {
    return this.#queue.reduce(
      (oldest, pending) => (pending.state === state ? Math.min(oldest, pending.task.round) : oldest),
      round,
    );
  }
}
