import type { Tensor } from '../common/tensor/index.js';
import { isLatents } from '../program/index.js';
import type { IssuedRound } from './issued-round.js';
import { JobSampler } from './job-sampler.js';
import { LocalValues } from './local-values.js';
import { NoiseParts } from './noise-parts.js';
import type { JobStart } from './round-executor.js';
import type { SamplerStart } from './sampler-state.js';
import { startedSampler } from './sampler-step.js';
import { TensorStore } from './tensor-store.js';
import { JobTiming, type RoundReport } from './runtime/index.js';

/** What every task of an attempt has in common. */
export interface StartedJob extends Omit<JobStart, 'sampler'> {
  /** Counts the times that the job was begun anew after a loss or a hold. */
  readonly attempt: number;
  /** Whose segments it runs. */
  readonly deploymentId: string;
  /** Where component N runs on this executor alone: it runs the sampler as well. */
  readonly sampler?: SamplerStart | undefined;
}

export function jobKey(jobId: string, attempt: number): string {
  return `${jobId}/${attempt}`;
}

/** One attempt of one job in an executor: what has arrived, and what it took. */
export class AttemptState {
  readonly store = new TensorStore();
  /** Values inside components, of the runs that are not over. */
  readonly locals = new LocalValues();
  /** Latents, known and predicted, as the model takes them. Their version is the step whose latents were known. */
  readonly latents = new TensorStore();
  /** Rounds that were issued and may still have tasks to run. */
  readonly rounds: IssuedRound[] = [];
  readonly noise = new NoiseParts();
  readonly timing = new JobTiming();
  readonly jobId: string;
  readonly attempt: number;
  started: StartedJob | undefined;
  ended = false;
  sampler: JobSampler | undefined;
  isHoldTold = false;
  /** Rounds that are not done, by number. */
  readonly #reports = new Map<number, Pick<IssuedRound, 'round' | 'report' | 'firstStep' | 'lastStep'>>();
  /** Rounds that were issued with `checkpoint`. */
  readonly #checkpoints = new Set<number>();
  readonly #cache = new Map<string, Tensor>();
  #isRunning = false;

  constructor(jobId: string, attempt: number) {
    this.jobId = jobId;
    this.attempt = attempt;
  }

  start(started: StartedJob): void {
    this.started = started;
    this.timing.keepSpans = started.trace;
    if (started.sampler === undefined) return;
    this.sampler = new JobSampler({ ...started.sampler, sampler: startedSampler(started.sampler) });
  }

  issue(round: IssuedRound): void {
    this.rounds.push(round);
    if (round.report === 'checkpoint') this.#checkpoints.add(round.round);
    if (round.tasks.some(({ epsStep }) => epsStep !== undefined)) this.#reports.set(round.round, round);
  }

  /** The round that a step belongs to, of those that are not done and whose noise is predicted here. */
  roundOf(step: number): number | undefined {
    for (const { round, firstStep, lastStep } of this.#reports.values())
      if (firstStep <= step && step <= lastStep) return round;
    return undefined;
  }

  /** Whether states of a single-pass model are to be told as well. */
  isCheckpoint(round: number): boolean {
    return this.#checkpoints.has(round);
  }

  /** What to tell now that the noise of a step of this round is predicted; of a round as a whole after its last step only. */
  reportAfter(round: number, step: number): RoundReport {
    const { report, lastStep } = this.#reports.get(round) ?? { report: 'noise', lastStep: step };
    if (step === lastStep) this.#reports.delete(round);
    return report === 'noise' || step === lastStep ? report : 'nothing';
  }

  end(): void {
    this.ended = true;
    this.sampler = undefined;
    this.store.clear();
    if (!this.#isRunning) this.locals.clear();
    this.latents.clear();
    this.#cache.clear();
    this.noise.clear();
    this.#reports.clear();
  }

  /** Waits for a session's run, which reads local values: they stay until it is over, also where the job ends meanwhile. */
  async during<T>(run: Promise<T>): Promise<T> {
    this.#isRunning = true;
    try {
      return await run;
    } finally {
      this.#isRunning = false;
      if (this.ended) this.locals.clear();
    }
  }

  /** A feed that several tasks share, made once. */
  cached(key: string, make: () => Tensor): Tensor {
    let tensor = this.#cache.get(key);
    if (tensor === undefined) {
      tensor = make();
      this.#cache.set(key, tensor);
    }
    return tensor;
  }

  /** Drops what no task of `round` or a later one reads. */
  dropOld(round: number): void {
    let passed = -1;
    for (let i = 0; i < this.rounds.length; i++)
      if ((this.rounds[i] as IssuedRound).round <= round) passed = i;
    if (passed < 0) return;
    const { oldestVersion, firstStep } = this.rounds[passed] as IssuedRound;
    this.rounds.splice(0, passed + 1);
    this.store.dropBelow(oldestVersion);
    this.locals.dropBelow(oldestVersion);
    this.latents.dropBelow(firstStep);
    for (const key of this.#cache.keys())
      if (
        isLatents(key.slice(0, key.indexOf('/'))) &&
        Number(key.slice(key.lastIndexOf('/') + 1)) < firstStep
      )
        this.#cache.delete(key);
  }
}
