import type { PlanOptions } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { type BenchConfig, workersWanted } from './config.js';
import type { Sample } from './sample.js';
import type { Workload } from './workload.js';

export interface BenchOptions {
  readonly workload: Workload;
  readonly configs: readonly BenchConfig[];
  /** Measured pairs per configuration. */
  readonly repeats: number;
  readonly numInferenceSteps: number;
  /** Each configuration runs for at least so long, and at least once in full, before its runs count. */
  readonly settleSeconds: number;
  /** Settings of all configurations; what a configuration says itself goes before. */
  readonly plan: PlanOptions;
  /** Workers there are. */
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly onProgress: (label: string, step: number, steps: number) => void;
  readonly onWarning: (text: string) => void;
}

/** What was measured of one configuration. */
export interface MeasuredConfig {
  readonly config: BenchConfig;
  /** Sequential runs, each just before the one of `samples` at its place. */
  readonly sequential: readonly Sample[];
  readonly samples: readonly Sample[];
  /** Runs that are not timed, but whose output must be the same: warm-up and traced run. */
  readonly untimed: readonly Sample[];
  /** Undefined if the benchmark was ended before. */
  readonly traced: Sample | undefined;
}

export interface BenchOutcome {
  readonly measured: readonly MeasuredConfig[];
  /** False if it was ended before its time. */
  readonly complete: boolean;
  /** Why it ended before its time, other than by the signal. */
  readonly error: AsyncDiffError | undefined;
}

/** Label of the short runs after a change of plan. */
export const LEAD_IN = 'lead-in';

/** After a change of plan, so many steps past the warm-up are run before the clock counts: connections and caches are new. */
const LEAD_IN_STEPS = 4;

/**
 * Measures each configuration against sequential in turn (A B A B ...). Each plan runs in full before it is timed, once or for
 * as long as was asked (new processes interpret much of what old ones have compiled), and a few steps again whenever it is
 * deployed anew. A last run of each configuration records where its rounds' time goes.
 * Never throws for what happens while it measures: what is complete by then is in the outcome.
 */
export async function runBench(options: BenchOptions): Promise<BenchOutcome> {
  const bench = new Bench(options);
  try {
    for (const config of options.configs) await bench.measure(config);
    return { measured: bench.measured, complete: true, error: undefined };
  } catch (thrown) {
    // Ctrl-C reaches local workers as well; what breaks then is no fault.
    const error = options.signal.aborted ? undefined : AsyncDiffError.from(thrown);
    return { measured: bench.measured, complete: false, error };
  }
}

/** The sequential sampler on one worker. */
export function sequentialPlan({ plan }: Pick<BenchOptions, 'plan'>): PlanOptions {
  const { optimizationLevel, warmUp } = plan;
  return {
    optimizationLevel,
    warmUp,
    components: 1,
    stride: 1,
    lag: 1,
    microCuts: 1,
    guidanceSplit: 'off',
    maxWorkers: 1,
  };
}

/** The settings of a configuration. */
export function configPlan(
  config: BenchConfig,
  { plan, workers }: Pick<BenchOptions, 'plan' | 'workers'>,
): PlanOptions {
  const { cuts = [], guidanceSplit = 'off' } = plan;
  return {
    ...plan,
    // A configuration says itself what is split.
    guidanceSplit: guidanceSplit === 'auto' ? 'off' : guidanceSplit,
    // Cuts say how many components there are; those of other numbers are cut by measurement.
    cuts: cuts.length + 1 === config.plan.components ? cuts : [],
    ...config.plan,
    maxWorkers: Math.min(workers, workersWanted(config)),
  };
}

interface Entry {
  config: BenchConfig;
  sequential: Sample[];
  samples: Sample[];
  untimed: Sample[];
  traced: Sample | undefined;
}

class Bench {
  readonly #options: BenchOptions;
  readonly #sequential: PlanOptions;
  readonly #entries: Entry[] = [];
  /** Steps in order at both ends, as the last full run of a plan had them. */
  readonly #ends = new Map<PlanOptions, number>();

  constructor(options: BenchOptions) {
    this.#options = options;
    this.#sequential = sequentialPlan(options);
  }

  /** Configurations with at least one pair; a sequential run whose pair is missing is left out. */
  get measured(): MeasuredConfig[] {
    return this.#entries
      .filter(({ samples }) => samples.length > 0)
      .map((entry) => ({ ...entry, sequential: entry.sequential.slice(0, entry.samples.length) }));
  }

  async measure(config: BenchConfig): Promise<void> {
    const { repeats, settleSeconds } = this.#options;
    const plan = configPlan(config, this.#options);
    const entry: Entry = {
      config,
      sequential: [],
      samples: [],
      untimed: [],
      traced: undefined,
    };
    this.#entries.push(entry);
    if (!this.#ends.has(this.#sequential)) await this.#run('sequential: warm-up', this.#sequential);
    const settledMs = performance.now() + settleSeconds * 1000;
    do entry.untimed.push(await this.#run(`${config.name}: warm-up`, plan));
    while (performance.now() < settledMs);
    for (let repeat = 1; repeat <= repeats; repeat++) {
      const counter = `${repeat} of ${repeats}`;
      await this.#leadIn(this.#sequential);
      entry.sequential.push(await this.#run(`${config.name}: sequential, ${counter}`, this.#sequential));
      await this.#leadIn(plan);
      entry.samples.push(await this.#run(`${config.name}: ${counter}`, plan));
    }
    entry.traced = await this.#run(`${config.name}: traced`, plan, { trace: true });
    entry.untimed.push(entry.traced);
  }

  async #leadIn(plan: PlanOptions): Promise<void> {
    const { numInferenceSteps } = this.#options;
    const steps = (this.#ends.get(plan) ?? 0) + LEAD_IN_STEPS;
    await this.#run(LEAD_IN, plan, { steps: Math.min(numInferenceSteps, steps) });
  }

  async #run(
    label: string,
    plan: PlanOptions,
    { trace = false, steps = this.#options.numInferenceSteps } = {},
  ): Promise<Sample> {
    const { workload, signal, onProgress, onWarning } = this.#options;
    signal.throwIfAborted();
    onProgress(label, 0, steps);
    const sample = await workload.run({
      numInferenceSteps: steps,
      plan,
      trace,
      signal,
      onStep: (step, total) => onProgress(label, step, total),
      // What a lead-in of a few steps is warned of says nothing about the runs that count.
      onWarning: label === LEAD_IN ? () => undefined : onWarning,
    });
    if (sample.report.restarts > 0)
      throw new AsyncDiffError('worker_lost', `a worker was lost during "${label}": its time says nothing`);
    const { warmUp, end } = sample.report.settings;
    if (steps === this.#options.numInferenceSteps) this.#ends.set(plan, warmUp + end);
    return sample;
  }
}
