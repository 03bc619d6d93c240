import type { Tensor } from '../common/tensor/index.js';
import { type ItemValues, noisePartName, sessionValueName, type Task } from '../program/index.js';
import type { ExecutorEvents } from './executor-events.js';
import { localName } from './feeds.js';
import { isFinite } from './float-ops.js';
import type { AttemptState, StartedJob } from './attempt-state.js';
import type { LoadedPlans } from './loaded-plans.js';
import type { SegmentSpec } from './segment-spec.js';
import { isTensor, type SessionValue } from './session.js';
import type { StepTaker } from './step-taker.js';
import { copyOf, notFinite, takeResult, takeTensor } from './task-results.js';

interface ResultTakerParts {
  readonly plans: LoadedPlans;
  readonly events: ExecutorEvents;
  readonly steps: StepTaker;
}

/** What becomes of what a task has computed: noise predictions are taken a step with, values go to the tasks that read them, here and elsewhere. */
export class ResultTaker {
  readonly #plans: LoadedPlans;
  readonly #events: ExecutorEvents;
  readonly #steps: StepTaker;

  constructor({ plans, events, steps }: ResultTakerParts) {
    this.#plans = plans;
    this.#events = events;
    this.#steps = steps;
  }

  /** Of a task that has run. */
  take(
    state: AttemptState,
    started: StartedJob,
    task: Task,
    spec: SegmentSpec,
    results: Record<string, SessionValue>,
  ): void {
    // What is on the device is held by the job before anything can fail: with the job it is given back.
    this.#takeLocals(state, started, task, spec, results, (value) => !isTensor(value));
    // The noise prediction first: the sampler and the next latents wait for it.
    if (task.epsStep !== undefined) this.#emitNoise(state, task, task.epsStep, spec, results);
    if (spec.item !== undefined) this.#emitOutputs(state, task, spec, spec.item, results);
    const leaving: { name: string; version: number; tensor: Tensor }[] = [];
    for (const { name, version } of task.writes) {
      const own = sessionValueName(name, spec.microBatches);
      const tensor = takeTensor(results, own, spec);
      // A look at a thousand elements: NaN spreads through normalisations, and a full scan would cost as much as sending.
      if (spec.item === undefined && !isFinite(tensor, 1024))
        throw notFinite(`"${name}" of round ${version}`, task, state);
      const leaves = this.#events.leaves(started.deploymentId, name);
      if (this.#plans.isRead(started.deploymentId, name))
        state.store.put(name, version, leaves ? copyOf(tensor) : tensor);
      if (leaves) {
        // Where a later segment of the component reads the value as well, that one keeps a copy.
        if (spec.localWrites.includes(name)) results[own] = copyOf(tensor);
        leaving.push({ name, version, tensor });
      }
    }
    this.#takeLocals(state, started, task, spec, results, isTensor);
    for (const { name, version, tensor } of leaving) this.#events.onBoundary(started, name, version, tensor);
  }

  /** Values that stay inside the component, of those that are meant. */
  #takeLocals(
    state: AttemptState,
    started: StartedJob,
    task: Task,
    spec: SegmentSpec,
    results: Readonly<Record<string, SessionValue>>,
    isMeant: (value: SessionValue) => boolean,
  ): void {
    for (const name of spec.localWrites) {
      const value = takeResult(results, sessionValueName(name, spec.microBatches), spec);
      if (!isMeant(value)) continue;
      const readers = this.#plans.localReaders(started.deploymentId, name);
      state.locals.put(localName(name, task), task.version, value, readers);
    }
  }

  /** Outputs go to who asked; copies where a later segment, or the next item, reads them as well. */
  #emitOutputs(
    state: AttemptState,
    task: Task,
    spec: SegmentSpec,
    { outputs, carries }: ItemValues,
    results: Record<string, SessionValue>,
  ): void {
    const told = state.isCheckpoint(task.round) ? [...outputs, ...carries] : outputs;
    for (const name of told) {
      const tensor = takeTensor(results, name, spec);
      const isKept = spec.boundaryWrites.includes(name) || spec.localWrites.includes(name);
      this.#events.onOutput?.(
        state.started as StartedJob,
        task.sampleStep,
        name,
        isKept ? copyOf(tensor) : tensor,
      );
    }
  }

  /** A part of a noise prediction goes to the worker that joins them, if that is another one. */
  #emitNoise(
    state: AttemptState,
    task: Task,
    step: number,
    { microBatch, output, ...spec }: SegmentSpec,
    results: Record<string, SessionValue>,
  ): void {
    const started = state.started as StartedJob;
    const part = takeTensor(results, output, spec);
    if (!isFinite(part)) throw notFinite(`the noise prediction of step ${step}`, task, state);
    const name = noisePartName(microBatch);
    if (this.#events.leaves(started.deploymentId, name)) this.#events.onBoundary(started, name, step, part);
    else this.#steps.addNoise(state, step, microBatch, part);
  }
}
