import { AttemptState, jobKey } from './attempt-state.js';

/** Ended attempts that are remembered: far more than can have tensors under way. */
const MAX_ENDED = 64;

/** The attempts of jobs that an executor knows, and which of them ended lately: tensors of theirs may still be on their way here. */
export class AttemptStates {
  readonly #states = new Map<string, AttemptState>();
  readonly #ended = new Set<string>();

  /** The state of an attempt, made where there is none: rounds and tensors may come before the start. */
  of(jobId: string, attempt: number): AttemptState {
    const key = jobKey(jobId, attempt);
    let state = this.#states.get(key);
    if (state === undefined) {
      state = new AttemptState(jobId, attempt);
      this.#states.set(key, state);
    }
    return state;
  }

  all(): Iterable<AttemptState> {
    return this.#states.values();
  }

  /** Takes back what the jobs of a deployment hold on its device: its sessions go. */
  releaseLocals(deploymentId: string): void {
    for (const { started, locals } of this.#states.values())
      if (started?.deploymentId === deploymentId) locals.clear();
  }

  isEnded(jobId: string, attempt: number): boolean {
    return this.#ended.has(jobKey(jobId, attempt));
  }

  /** An attempt starts, perhaps one that had ended before. Returns the others: one job runs at a time. */
  begin(jobId: string, attempt: number): AttemptState[] {
    const key = jobKey(jobId, attempt);
    this.#ended.delete(key);
    return [...this.#states].filter(([other]) => other !== key).map(([, state]) => state);
  }

  end(jobId: string, attempt: number): AttemptState | undefined {
    const key = jobKey(jobId, attempt);
    const state = this.#states.get(key);
    this.#states.delete(key);
    this.#ended.add(key);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.values().next().value as string);
    state?.end();
    return state;
  }
}
