import type { AsyncDiffClient, GenerateOptions, PlanOptions, RunReport } from '../../client/index.js';
import { AsyncDiffError } from '../../common/errors/index.js';
import { parseNpy } from '../../common/npy/index.js';
import { settingsDocument } from '../../common/settings/index.js';
import {
  type BenchConfig,
  configPlan,
  type Sample,
  sequentialPlan,
  textToImage,
  undilatedSeconds,
} from '../bench/index.js';
import { compare, type Drawn } from './comparison.js';
import type { QualityPrompt } from './prompts.js';
import type { RunFacts, RunStore, StoredRun } from './run-store.js';

/**
 * Ways to be faster than one worker that draws all steps in order: the settings of a configuration; AsyncDiff with as many steps in order as
 * that took in the same picture, and so the same predicted speed; AsyncDiff as in the paper; as many sequential steps as fit into the time.
 */
export const METHODS = ['look-ahead', 'asyncdiff-even', 'asyncdiff', 'fewer-steps'] as const;
export type Method = (typeof METHODS)[number];

interface QualityOptions {
  readonly client: AsyncDiffClient;
  readonly configs: readonly BenchConfig[];
  readonly prompts: readonly QualityPrompt[];
  readonly numInferenceSteps: number;
  /** What all pictures have in common. */
  readonly request: Pick<
    GenerateOptions,
    'guidanceScale' | 'scheduler' | 'schedulerConfig' | 'samplerOptions'
  >;
  /** Settings of all configurations; what a configuration says itself goes before. */
  readonly plan: PlanOptions;
  readonly workers: number;
  readonly store: RunStore;
  /** Beside the request itself, what runs must have in common to be taken for one another: model, versions. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** Pictures that go into the grid. */
  readonly shown: number;
  readonly signal: AbortSignal;
  readonly onProgress: (label: string, done: number, total: number) => void;
  readonly onWarning: (text: string) => void;
}

/** One method with one configuration, a run for each prompt. */
export interface MeasuredMethod {
  readonly config: BenchConfig;
  readonly method: Method;
  readonly runs: readonly StoredRun[];
}

export interface QualityOutcome {
  /** All steps in order on one worker. */
  readonly sequential: readonly StoredRun[];
  /** Those of which every picture was drawn. */
  readonly measured: readonly MeasuredMethod[];
  readonly complete: boolean;
  /** Why it ended before its time, other than by the signal. */
  readonly error: AsyncDiffError | undefined;
}

/** AsyncDiff's warm-up steps in the paper's tables. */
const PAPER_WARM_UP = 3;
/** After a change of plan connections and caches are new: so many steps run before the clock counts. */
const LEAD_IN_STEPS = 8;

/**
 * Draws every prompt in order on one worker, then with each configuration by each method. Never throws for what happens while it measures:
 * what is complete by then is in the outcome.
 */
export async function runQuality(options: QualityOptions): Promise<QualityOutcome> {
  const bench = new QualityBench(options);
  try {
    await bench.measure();
    return { ...bench.outcome, complete: true, error: undefined };
  } catch (thrown) {
    // Ctrl-C reaches local workers as well; what breaks then is no fault.
    const error = options.signal.aborted ? undefined : AsyncDiffError.from(thrown);
    return { ...bench.outcome, complete: false, error };
  }
}

/** The settings of AsyncDiff as in the paper, on the same workers and cuts. */
export function asyncDiffPlan(plan: PlanOptions, numInferenceSteps: number): PlanOptions {
  return { ...plan, lookAhead: 'off', warmUp: Math.min(PAPER_WARM_UP, numInferenceSteps), end: 'auto' };
}

/** AsyncDiff with so many steps in order, at the start, as its paper has them. */
export function evenPlan(plan: PlanOptions, inOrder: number): PlanOptions {
  return { ...plan, lookAhead: 'off', warmUp: Math.max(1, inOrder), end: 'auto' };
}

/** Sequential steps that take as long as a run so much faster than one worker, at least one. */
export function fewerSteps(numInferenceSteps: number, speedup: number): number {
  return Math.min(numInferenceSteps, Math.max(1, Math.round(numInferenceSteps / speedup)));
}

interface Block {
  readonly label: string;
  /** Of the picture at this place. */
  readonly planOf: (at: number) => PlanOptions;
  readonly steps: number;
}

class QualityBench {
  readonly #options: QualityOptions;
  readonly #measured: MeasuredMethod[] = [];
  #sequential: readonly StoredRun[] = [];

  constructor(options: QualityOptions) {
    this.#options = options;
  }

  get outcome(): Pick<QualityOutcome, 'sequential' | 'measured'> {
    return { sequential: this.#sequential, measured: this.#measured };
  }

  async measure(): Promise<void> {
    const { configs, numInferenceSteps: steps } = this.#options;
    const inOrder = (): PlanOptions => sequentialPlan(this.#options);
    this.#sequential = await this.#draw({ label: 'sequential', planOf: inOrder, steps });
    for (const config of configs) {
      const plan = configPlan(config, this.#options);
      const ours = await this.#measure(config, 'look-ahead', { planOf: () => plan, steps });
      // Cut alike: the planner weighs shapes otherwise without look-ahead.
      const { shape } = (ours[0]?.facts.settings ?? {}) as { readonly shape?: PlanOptions['shape'] };
      const alike = { ...plan, shape: config.plan.components === 1 ? plan.shape : shape };
      const even = (at: number): PlanOptions => evenPlan(alike, ours[at]?.facts.inOrder ?? 1);
      await this.#measure(config, 'asyncdiff-even', { planOf: even, steps });
      await this.#measure(config, 'asyncdiff', { planOf: () => asyncDiffPlan(alike, steps), steps });
      const cost = ours.reduce((sum, { facts }) => sum + 1 / facts.idealSpeedup, 0) / ours.length;
      const few = fewerSteps(steps, 1 / cost);
      await this.#measure(config, 'fewer-steps', { planOf: inOrder, steps: few });
    }
  }

  async #measure(
    config: BenchConfig,
    method: Method,
    block: Omit<Block, 'label'>,
  ): Promise<readonly StoredRun[]> {
    const runs = await this.#draw({ ...block, label: `${config.name}: ${method}` });
    this.#measured.push({ config, method, runs });
    return runs;
  }

  async #draw(block: Block): Promise<StoredRun[]> {
    const { prompts, store, onProgress } = this.#options;
    const runs: StoredRun[] = [];
    let isWarm = false;
    for (const at of prompts.keys()) {
      onProgress(block.label, at, prompts.length);
      const made = this.#made(block, at);
      let run = await store.find(made);
      if (run === undefined) {
        if (!isWarm) await this.#generate(leadIn(block), at);
        isWarm = true;
        run = await this.#one(block, at);
        await store.keep(made, run);
      }
      runs.push(run);
    }
    return runs;
  }

  async #one(block: Block, at: number): Promise<StoredRun> {
    const sample = await this.#generate(block, at);
    const { report } = sample;
    if (report.restarts > 0)
      throw new AsyncDiffError(
        'worker_lost',
        `a worker was lost during "${block.label}": its time says nothing`,
      );
    const drawn = drawnBy(sample);
    const original = this.#sequential[at];
    const expected = original?.drawn;
    const facts: RunFacts = {
      seconds: undilatedSeconds(sample),
      steps: report.steps,
      inOrder: inOrderOf(report),
      held: report.heldSteps.length,
      driftSum: report.driftSum,
      idealSpeedup: (original?.facts.steps ?? report.steps) / idealStepsOf(report),
      settings: settingsDocument(report.settings),
      workers: report.workers.length,
      comparison: expected === undefined ? undefined : compare(drawn, expected),
    };
    const isNeeded = expected === undefined || at < this.#options.shown;
    return { facts, drawn: isNeeded ? drawn : undefined };
  }

  async #generate({ label, planOf, steps }: Block, at: number): Promise<Sample> {
    const { client, prompts, request, signal, onWarning } = this.#options;
    const { prompt, seed } = prompts[at] as QualityPrompt;
    signal.throwIfAborted();
    const workload = textToImage(client, { ...request, label, prompt, seed, outputType: 'np' });
    return workload.run({
      numInferenceSteps: steps,
      plan: planOf(at),
      trace: false,
      signal,
      onStep: () => {},
      onWarning,
    });
  }

  #made({ planOf, steps }: Block, at: number): unknown {
    const { prompts, request, origin, workers, numInferenceSteps } = this.#options;
    return { ...origin, ...prompts[at], request, workers, of: numInferenceSteps, steps, plan: planOf(at) };
  }
}

/** The first steps of a block's run. */
function leadIn({ label, planOf, steps: all }: Block): Block {
  const steps = Math.min(LEAD_IN_STEPS, all);
  const few = (plan: PlanOptions): PlanOptions =>
    typeof plan.warmUp === 'number' && plan.warmUp > steps ? { ...plan, warmUp: steps } : plan;
  return { label, planOf: (at) => few(planOf(at)), steps };
}

function drawnBy({ latents, images }: Sample): Drawn {
  const [image] = images;
  if (image === undefined)
    throw new AsyncDiffError('invalid_settings', 'the workers compute no picture', {
      hint: 'Declared devices have no quality: measure it on real ones.',
    });
  return { latents, picture: parseNpy(image, 'the picture') };
}

/** One component alone runs every step in order. */
function inOrderOf({ settings, steps, inOrderSteps }: RunReport): number {
  return settings.components === 1 && settings.stride === 1 ? steps : inOrderSteps.length;
}

/** The run's time in steps of one worker, if network and coordinator cost nothing: steps in order + rounds x share of the busiest worker. */
function idealStepsOf(report: RunReport): number {
  const { rounds, maxShare, settings } = report;
  const inOrder = inOrderOf(report);
  return inOrder + Math.max(0, rounds - inOrder) * maxShare * settings.stride;
}
