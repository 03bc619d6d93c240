import { AsyncDiffError } from '../common/errors/index.js';
import type { Tensor } from '../common/tensor/index.js';
import { formatSchedulerConfig, type Sampler } from '../samplers/index.js';
import { listRounds, type Round, type ScheduleSettings } from '../schedule/index.js';
import type { ExecutionReport, JobStart, RoundExecutor } from './round-executor.js';
import { modelInput, takeStep } from './sampler-step.js';
import { clockMs, type Span } from './timing.js';

export interface DenoiseOptions {
  readonly executor: RoundExecutor;
  readonly sampler: Sampler;
  readonly settings: ScheduleSettings;
  readonly job: Omit<JobStart, 'sampler'>;
  /** Latents of step 0, already multiplied by the sampler's init_noise_sigma; float32 [batch, channels, ...]. */
  readonly latents: Tensor;
  /** After each step: its index, latents before it, guided noise prediction, latents after it. */
  readonly onStep?: (step: StepResult) => void;
  readonly signal?: AbortSignal | undefined;
  /**
   * Rounds that are issued together, and whose noise predictions may come together; 1 unless the executor runs the sampler
   * itself. The rounds of one window are always issued ahead of the one in progress.
   */
  readonly roundsPerWindow?: number;
}

export interface StepResult {
  readonly step: number;
  readonly round: Round;
  readonly timestep: number;
  readonly latents: Tensor;
  readonly eps: Tensor;
  readonly nextLatents: Tensor;
}

export interface DenoiseResult {
  readonly latents: Tensor;
  /** From the first round issued to the last step finished. */
  readonly seconds: number;
  readonly rounds: number;
  /** Time of each asynchronous round, from the last noise prediction of the one before, milliseconds. */
  readonly roundMs: readonly number[];
  readonly samplerSpans: readonly Span[];
  readonly report: ExecutionReport;
}

/**
 * The denoising loop (design section 2), the same for every executor: issues the rounds, runs the sampler. Round r + 1 (the
 * next window, where rounds are short) is issued while round r runs, so that components which do not read the latents can
 * begin as soon as their boundary tensors are there; its latents follow when the sampler has made them.
 */
export async function denoise(options: DenoiseOptions): Promise<DenoiseResult> {
  const { executor, sampler, settings, job, signal } = options;
  const rounds = listRounds(settings);
  const { roundsPerWindow = 1 } = options;
  const roundMs: number[] = [];
  const samplerSpans: Span[] = [];
  let latents = options.latents;
  await executor.start({
    ...job,
    sampler: {
      schedulerConfig: formatSchedulerConfig(sampler.config),
      name: sampler.name,
      numInferenceSteps: sampler.numInferenceSteps,
      firstStep: settings.firstStep ?? 0,
      latents,
      history: sampler.history(),
    },
  });
  const startMs = clockMs();
  let lastMs = startMs;
  let finished = false;
  try {
    const issueWindow = (from: number): void => {
      const window = rounds.slice(from, from + roundsPerWindow);
      for (const [at, round] of window.entries()) executor.issue(round, at < window.length - 1);
    };
    issueWindow(0);
    let windowStartMs = startMs;
    for (const [index, round] of rounds.entries()) {
      throwIfAborted(signal);
      executor.latents(round.firstStep, modelInput(sampler, latents, round.firstStep));
      if (index % roundsPerWindow === 0) issueWindow(index + roundsPerWindow);
      for (let step = round.firstStep; step < round.firstStep + round.steps; step++) {
        const eps = await abortable(executor.noisePrediction(step), signal);
        const samplerStartMs = clockMs();
        const nextLatents = takeStep(sampler, eps, step, latents);
        samplerSpans.push({
          name: `step ${step}`,
          category: 'sampler',
          startMs: samplerStartMs,
          durationMs: clockMs() - samplerStartMs,
          round: round.round,
          component: 0,
        });
        options.onStep?.({
          step,
          round,
          timestep: sampler.timesteps[step] as number,
          latents,
          eps,
          nextLatents,
        });
        latents = nextLatents;
      }
      lastMs = clockMs();
      if ((index + 1) % roundsPerWindow !== 0) continue;
      // Predictions of one window may have come at once: a round's time is its share of the window's.
      const first = rounds[index + 1 - roundsPerWindow] as Round;
      if (first.mode === 'async' && first.round > 1)
        roundMs.push(...Array<number>(roundsPerWindow).fill((lastMs - windowStartMs) / roundsPerWindow));
      windowStartMs = lastMs;
    }
    finished = true;
  } finally {
    if (!finished) await executor.finish().catch(() => undefined);
  }
  return {
    latents,
    seconds: (lastMs - startMs) / 1000,
    rounds: rounds.length,
    roundMs,
    samplerSpans,
    report: await executor.finish(),
  };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw AsyncDiffError.from(signal.reason, 'cancelled');
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  throwIfAborted(signal);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(AsyncDiffError.from(signal.reason, 'cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    promise.catch(() => undefined);
  }
}
