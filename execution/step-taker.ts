import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { applyGuidance } from './apply-guidance.js';
import type { ExecutorEvents } from './executor-events.js';
import { castFloat, isFinite } from './float-ops.js';
import type { IssuedRound } from './issued-round.js';
import type { MadeLatents } from './job-sampler.js';
import type { AttemptState, StartedJob } from './attempt-state.js';
import type { LoadedPlans } from './loaded-plans.js';
import { copyOf } from './task-results.js';
import { clockMs } from './runtime/index.js';

/** Parts of a noise prediction that a job waits for, others of the same one being here. */
interface MissingNoise {
  readonly names: readonly string[];
  /** Whether tasks of this executor will make them. */
  readonly isMadeHere: boolean;
  readonly round: number;
}

interface StepTakerParts {
  readonly plans: LoadedPlans;
  readonly events: ExecutorEvents;
  readonly onFault: (state: AttemptState, error: unknown) => void;
}

/**
 * What becomes of noise predictions: their parts are joined, guidance is applied, and the job's sampler, where it runs here, takes the
 * step and makes the latents that tasks wait for. What was asked of the step is reported.
 */
export class StepTaker {
  readonly #plans: LoadedPlans;
  readonly #events: ExecutorEvents;
  readonly #onFault: StepTakerParts['onFault'];

  constructor({ plans, events, onFault }: StepTakerParts) {
    this.#plans = plans;
    this.#events = events;
    this.#onFault = onFault;
  }

  /** A part of the noise prediction of a step; the step is taken with the last one. */
  addNoise(state: AttemptState, step: number, part: number, tensor: Tensor): void {
    const { started } = state;
    state.noise.add(step, part, tensor);
    const parts = this.#plans.noiseParts(started?.deploymentId) ?? Number.POSITIVE_INFINITY;
    const whole = state.noise.take(step, parts);
    if (whole === undefined || started === undefined) return;
    try {
      this.#predicted(state, started, step, whole);
    } catch (error) {
      this.#onFault(state, error);
    }
  }

  /** A round comes: the latents that can be made for it are made. */
  issue(state: AttemptState, round: IssuedRound): void {
    this.#deliver(state, state.sampler?.issue(round) ?? []);
    this.#tellHeld(state);
  }

  /** Of the first of these jobs that waits for any. */
  missingNoise(states: Iterable<AttemptState>): MissingNoise | undefined {
    for (const state of states) {
      if (state.noise.isEmpty) continue;
      const deploymentId = state.started?.deploymentId;
      const missing = state.noise.missing(this.#plans.noiseParts(deploymentId) ?? 0);
      if (missing === undefined) continue;
      const own = this.#plans.ownNoise(deploymentId);
      const isMadeHere = missing.names.every((name) => own.has(name));
      return { names: missing.names, isMadeHere, round: state.roundOf(missing.step) ?? 0 };
    }
    return undefined;
  }

  /** @param raw of the whole batch, before guidance */
  #predicted(state: AttemptState, started: StartedJob, step: number, raw: Tensor): void {
    const { guidance } = started;
    const eps = guidance === undefined ? castFloat(raw, 'float32') : applyGuidance(raw, guidance);
    if (!isFinite(eps))
      throw new AsyncDiffError(
        'not_finite',
        `infinity in the noise prediction of step ${step}, after guidance`,
      );
    const { sampler } = state;
    const turns =
      sampler === undefined ? [[step, eps] as const] : state.noise.inTurn(step, eps, sampler.nextStep);
    for (const [at, one] of turns) this.#took(state, started, at, one);
  }

  #took(state: AttemptState, started: StartedJob, step: number, eps: Tensor): void {
    const round = state.roundOf(step) ?? 0;
    if (state.sampler !== undefined) this.#sample(state, round, step, eps);
    const report = state.reportAfter(round, step);
    if (report === 'noise') this.#events.onNoise(started, step, eps);
    else if (report !== 'nothing')
      this.#events.onRoundDone(started, step, report === 'checkpoint' ? state.sampler?.state() : undefined);
    this.#tellHeld(state);
  }

  #sample(state: AttemptState, round: number, step: number, eps: Tensor): void {
    const startMs = clockMs();
    const made = state.sampler?.take(step, eps);
    state.timing.sampled(round, step, startMs);
    this.#deliver(state, made ?? []);
  }

  #tellHeld(state: AttemptState): void {
    const { sampler, started } = state;
    if (started === undefined || sampler?.held !== true || state.isHoldTold) return;
    state.isHoldTold = true;
    this.#events.onHeld(started, sampler.state());
  }

  /** Latents that the sampler made here. */
  #deliver(state: AttemptState, made: readonly MadeLatents[]): void {
    const { started } = state;
    if (started === undefined) return;
    for (const { name, version, tensor } of made) {
      state.latents.put(name, version, tensor);
      // A copy: the sampler goes on from what the model takes where nothing is scaled.
      if (this.#events.leaves(started.deploymentId, name))
        this.#events.onLatents(started, name, version, copyOf(tensor));
    }
  }
}
